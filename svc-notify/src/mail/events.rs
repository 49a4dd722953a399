//! What mails tell of.

use bus::{Event, Failure};
use contracts::Event as _;
use contracts::google::r#type::Money as MoneyMessage;
use contracts::tradewind::auth::v1::{AccountMailKind, AccountMailRequested};
use contracts::tradewind::orders::v1::{OrderCancelled, OrderConfirmed, OrderRejected};
use contracts::tradewind::payments::v1::{PaymentActionRequired, PaymentRefunded};
use contracts::tradewind::shipping::v1::ShipmentDispatched;
use money::{Currency, Money};
use store::{Tx, message};

use super::Mail;
use crate::domain::mail::{NewMessage, Recipient, Subject, Template};
use crate::store::messages;

/// The subjects of the events that mails tell of.
pub(crate) const SUBJECTS: &[&str] = &[
    OrderConfirmed::SUBJECT,
    OrderCancelled::SUBJECT,
    OrderRejected::SUBJECT,
    ShipmentDispatched::SUBJECT,
    PaymentActionRequired::SUBJECT,
    PaymentRefunded::SUBJECT,
    AccountMailRequested::SUBJECT,
];

/// Writes down the mail that tells of the event, if one does, in the transaction in which the event is
/// noted. It is sent later.
///
/// # Errors
/// When the event makes no sense, or the database is away.
pub(crate) async fn hear(mail: &Mail, tx: &mut Tx, event: &Event) -> Result<(), Failure> {
    let Some((template, recipient, subject)) = read(event)? else {
        return Ok(());
    };
    let new = NewMessage {
        id: mail.random.uuid7(&mail.clock),
        event_id: event.id,
        template,
        recipient,
        subject,
    };
    messages::insert(tx, &new, mail.clock.now()).await?;
    tx.wake_on_commit(&mail.wake);
    Ok(())
}

type Told = (Template, Recipient, Subject);

fn read(event: &Event) -> Result<Option<Told>, Failure> {
    macro_rules! of_order {
        ($message:ty, $template:expr) => {{
            let message: $message = message(event)?;
            let user = store::events::id("a user", &message.user_id)?;
            let order = store::events::id("an order", &message.order_id)?;
            let subject = Subject {
                order_id: Some(order),
                ..Subject::default()
            };
            ($template, Recipient::Account(user), subject)
        }};
    }
    macro_rules! of_payment {
        ($message:ty, $template:expr) => {{
            let message: $message = message(event)?;
            let order = store::events::id("an order", &message.order_id)?;
            let subject = Subject {
                order_id: Some(order),
                amount: Some(amount(message.amount)?),
                ..Subject::default()
            };
            ($template, Recipient::BuyerOf(order), subject)
        }};
    }
    let told = match event.subject.as_str() {
        OrderConfirmed::SUBJECT => of_order!(OrderConfirmed, Template::OrderConfirmed),
        OrderCancelled::SUBJECT => of_order!(OrderCancelled, Template::OrderCancelled),
        OrderRejected::SUBJECT => of_order!(OrderRejected, Template::OrderRefused),
        ShipmentDispatched::SUBJECT => {
            let message: ShipmentDispatched = message(event)?;
            let order = store::events::id("an order", &message.order_id)?;
            let shipment = store::events::id("a shipment", &message.shipment_id)?;
            let subject = Subject {
                order_id: Some(order),
                shipment_id: Some(shipment),
                ..Subject::default()
            };
            (Template::OrderShipped, Recipient::BuyerOf(order), subject)
        }
        PaymentActionRequired::SUBJECT => {
            of_payment!(PaymentActionRequired, Template::PaymentActionRequired)
        }
        PaymentRefunded::SUBJECT => of_payment!(PaymentRefunded, Template::PaymentRefunded),
        AccountMailRequested::SUBJECT => return of_account(&message(event)?),
        _ => return Ok(None),
    };
    Ok(Some(told))
}

/// A mail of a kind that is not known here is of a later svc-auth: it waits for a later svc-notify, among the
/// dead letters.
fn of_account(message: &AccountMailRequested) -> Result<Option<Told>, Failure> {
    let template = match message.kind() {
        AccountMailKind::PasswordReset => Template::PasswordReset,
        AccountMailKind::EmailVerification => Template::EmailVerification,
        AccountMailKind::EmailChanged => Template::EmailChanged,
        AccountMailKind::NewSignIn => Template::NewSignIn,
        AccountMailKind::PasswordChanged => Template::PasswordChanged,
        AccountMailKind::SecondFactorEnabled => Template::SecondFactorEnabled,
        AccountMailKind::SecondFactorDisabled => Template::SecondFactorDisabled,
        AccountMailKind::SecondFactorRemoved => Template::SecondFactorRemoved,
        AccountMailKind::RecoveryCodeUsed => Template::RecoveryCodeUsed,
        AccountMailKind::AccessTokenCreated => Template::AccessTokenCreated,
        AccountMailKind::IdentityLinked => Template::IdentityLinked,
        AccountMailKind::Unspecified => {
            return Err(Failure::Permanent("it is of no kind of mail".to_owned()));
        }
    };
    let subject = Subject {
        mail_id: Some(store::events::id("a mail", &message.mail_id)?),
        ..Subject::default()
    };
    let user = store::events::id("a user", &message.user_id)?;
    Ok(Some((template, Recipient::Account(user), subject)))
}

fn amount(amount: Option<MoneyMessage>) -> Result<Money, Failure> {
    let amount = amount.unwrap_or_default();
    Currency::recorded(&amount.currency_code)
        .and_then(|currency| Money::from_units(currency, amount.units, amount.nanos))
        .map_err(|error| Failure::Permanent(format!("its amount: {error}")))
}

//! Orders whose money moves.

use bus::{Event, Failure};
use contracts::Event as _;
use contracts::google::r#type::Money as MoneyMessage;
use contracts::tradewind::payments::v1::{
    DisputeClosed, DisputeOpened, PaymentAuthorized, PaymentCaptureFailed, PaymentCaptured,
    PaymentClosed, PaymentDeclined, PaymentLapsed, PaymentRefundFailed, PaymentRefunded,
};
use money::{Currency, Money};
use store::{Tx, message};

use super::{actor, advance, locked};
use crate::domain::{Funds, Step};
use crate::service::Orders;
use crate::store::changes::Change;
use crate::store::recovery;

pub(super) const SUBJECTS: &[&str] = &[
    PaymentAuthorized::SUBJECT,
    PaymentDeclined::SUBJECT,
    PaymentCaptured::SUBJECT,
    PaymentCaptureFailed::SUBJECT,
    PaymentRefunded::SUBJECT,
    PaymentRefundFailed::SUBJECT,
    PaymentLapsed::SUBJECT,
    PaymentClosed::SUBJECT,
    DisputeOpened::SUBJECT,
    DisputeClosed::SUBJECT,
];

/// What happened to the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    /// The provider has decided whether it holds the money.
    Decided,
    Lapsed,
    Closed,
    Captured,
    CaptureFailed,
    Refunded,
    RefundFailed,
    DisputeOpened,
    DisputeWon,
    DisputeLost,
}

/// Notes what happened to the order's money. An order that waits for that goes on; one that loses the
/// hold before it is sent is cancelled. Events may come in any order.
pub(super) async fn follow(orders: &Orders, tx: &mut Tx, event: &Event) -> Result<(), Failure> {
    let (order_id, news, amount) = read(event)?;
    let (id, order) = locked(tx, &order_id).await?;
    let Some(before) = order.funds else {
        return Err(Failure::Permanent(format!(
            "the order {id} is not paid here"
        )));
    };
    let now = orders.clock.now();
    if order.state.is_in_progress() && matches!(news, News::Decided | News::Lapsed) {
        recovery::wake(tx, id, now).await?;
        tx.wake_on_commit(&orders.wake);
        return Ok(());
    }
    let funds = after(before, news, amount.minor);
    let to = match news {
        // In any other state nothing is stopped by it.
        News::Lapsed => order.state.after(Step::Lapse).unwrap_or(order.state),
        _ => order.state,
    };
    if to == order.state && funds == before && news != News::RefundFailed {
        return Ok(());
    }
    let change = Change {
        actor: &actor(event),
        reason: &reason(news, amount),
        funds: Some(funds),
        // What it still has to ask for is due at once.
        recovery_time: to.is_in_progress().then_some(now),
        ..Change::of(order.state, to, now)
    };
    Ok(advance(orders, tx, id, &change).await?)
}

/// What is known of the money then.
fn after(mut funds: Funds, news: News, amount: i64) -> Funds {
    match news {
        News::Decided | News::RefundFailed => {}
        News::Lapsed | News::Closed => funds.is_over = true,
        News::Captured => funds.captured += amount,
        News::CaptureFailed => funds.capture_failed = true,
        News::Refunded => funds.refunded += amount,
        News::DisputeOpened => funds.disputes += 1,
        News::DisputeWon => funds.disputes -= 1,
        News::DisputeLost => {
            funds.disputes -= 1;
            funds.refunded += amount;
        }
    }
    funds
}

/// For the order's history.
fn reason(news: News, amount: Money) -> String {
    match news {
        News::Decided => String::new(),
        News::Lapsed => "the hold on the money ended".to_owned(),
        News::Closed => format!("the payment is closed at {amount}"),
        News::Captured => format!("{amount} was taken"),
        News::CaptureFailed => format!("{amount} could not be taken"),
        News::Refunded => format!("{amount} was given back"),
        News::RefundFailed => format!("{amount} could not be given back"),
        News::DisputeOpened => format!("{amount} is disputed at the bank"),
        News::DisputeWon => format!("the dispute of {amount} is won"),
        News::DisputeLost => format!("the dispute of {amount} is lost"),
    }
}

fn read(event: &Event) -> Result<(String, News, Money), Failure> {
    macro_rules! read {
        ($message:ty) => {{
            let message: $message = message(event)?;
            (message.order_id, message.amount)
        }};
    }
    let ((order_id, amount), news) = match event.subject.as_str() {
        PaymentAuthorized::SUBJECT => (read!(PaymentAuthorized), News::Decided),
        PaymentDeclined::SUBJECT => (read!(PaymentDeclined), News::Decided),
        PaymentCaptured::SUBJECT => (read!(PaymentCaptured), News::Captured),
        PaymentCaptureFailed::SUBJECT => (read!(PaymentCaptureFailed), News::CaptureFailed),
        PaymentRefunded::SUBJECT => (read!(PaymentRefunded), News::Refunded),
        PaymentRefundFailed::SUBJECT => (read!(PaymentRefundFailed), News::RefundFailed),
        PaymentLapsed::SUBJECT => (read!(PaymentLapsed), News::Lapsed),
        PaymentClosed::SUBJECT => (read!(PaymentClosed), News::Closed),
        DisputeOpened::SUBJECT => (read!(DisputeOpened), News::DisputeOpened),
        DisputeClosed::SUBJECT => {
            let message: DisputeClosed = message(event)?;
            let news = match message.won {
                true => News::DisputeWon,
                false => News::DisputeLost,
            };
            ((message.order_id, message.amount), news)
        }
        other => return Err(Failure::Permanent(format!("nobody asked for {other}"))),
    };
    Ok((order_id, news, read_amount(amount)?))
}

fn read_amount(amount: Option<MoneyMessage>) -> Result<Money, Failure> {
    let amount = amount.unwrap_or_default();
    Currency::recorded(&amount.currency_code)
        .and_then(|currency| Money::from_units(currency, amount.units, amount.nanos))
        .map_err(|error| Failure::Permanent(format!("its amount: {error}")))
}

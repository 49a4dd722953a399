//! What orders ask: hold, take, and the last word.

use contracts::tradewind::payments::v1::{
    AuthorizePaymentRequest, AuthorizePaymentResponse, CapturePaymentRequest,
    CapturePaymentResponse, SettlePaymentRequest, SettlePaymentResponse,
};
use money::{Money, is_card_number};
use runtime::call::CallContext;
use runtime::id;
use secrecy::{ExposeSecret as _, SecretString};
use store::Tx;
use uuid::Uuid;

use crate::convert;
use crate::domain::{Ask, Book, NewPayment, Payment, Refusal, State};
use crate::error::Error;
use crate::service::{Due, Payments};
use crate::store::payments as stored;

pub(super) async fn authorize(
    payments: &Payments,
    call: &CallContext,
    request: AuthorizePaymentRequest,
) -> Result<AuthorizePaymentResponse, Error> {
    let order_id = id::parse("orderId", &request.order_id)?;
    let token = SecretString::from(request.payment_token);
    if is_card_number(token.expose_secret()) {
        return Err(Error::CardNumber);
    }
    let new = NewPayment {
        order_id,
        user_id: id::parse("userId", &request.user_id)?,
        amount: convert::to_payable("amount", request.amount)?,
        provider: payments.provider.name(),
        return_url: request.return_url,
    };
    if !payments.provider.takes(new.amount.currency) {
        return Err(Error::CurrencyUnknown(new.amount.currency));
    }
    let (payment, first) = begun(payments, new, &token).await?;
    let payment = match payment.state {
        State::Authorizing | State::RequiresAction => {
            let turn = first.map(|ask| (payment.clone(), ask));
            payments.drive_within(call, payment.id, turn).await?
        }
        _ => payment,
    };
    match payment.state {
        State::Declined => Err(Error::declined(
            payment.decline_code.as_deref().unwrap_or_default(),
        )),
        State::Lapsed => Err(Error::Lapsed(order_id)),
        State::Closing | State::Closed => Err(Error::NotStarted(order_id)),
        State::Authorizing | State::RequiresAction | State::Authorized | State::Captured => {
            Ok(AuthorizePaymentResponse {
                payment: Some(convert::payment(&payment)),
            })
        }
    }
}

/// The payment of the order; it is begun with the token, if there is none, and what it asks for first is
/// marked as sent then.
async fn begun(
    payments: &Payments,
    new: NewPayment,
    token: &SecretString,
) -> Result<(Payment, Option<Ask>), Error> {
    let order_id = new.order_id;
    let mut tx = payments.db.begin().await?;
    if let Some(payment) = stored::lock_of_order(&mut tx, order_id).await? {
        return match payment.is_tombstone() {
            true => Err(Error::NotStarted(order_id)),
            false => Ok((payment, None)),
        };
    }
    let id = payments.new_id();
    if token.expose_secret().is_empty() {
        let tombstone = Payment::tombstone(id, order_id, 0, payments.clock.now());
        stored::insert(&mut tx, &tombstone, None).await?;
        tx.commit().await?;
        // Somebody may have begun it at this moment: asked again, it says so.
        return Err(Error::NotStarted(order_id));
    }
    let now = payments.clock.now();
    let mut payment = {
        let mut new_id = || payments.new_id();
        Payment::begin(id, new, &mut Book::new(now, &mut new_id))
    };
    payment.token_sealed = Some(payments.seal(id, token));
    let ask = payment.ask(false, now);
    if stored::insert(&mut tx, &payment, Some(payments.leased())).await? {
        payments.metrics.begun(&mut tx, &payment);
        tx.commit().await?;
        return Ok((payment, Some(ask)));
    }
    // Another call was faster, and its payment is visible by now.
    drop(tx);
    let mut tx = payments.db.begin().await?;
    let payment = stored::lock_of_order(&mut tx, order_id).await?;
    let payment = payment.filter(|it| !it.is_tombstone());
    Ok((payment.ok_or(Error::NotStarted(order_id))?, None))
}

pub(super) async fn capture(
    payments: &Payments,
    call: &CallContext,
    request: CapturePaymentRequest,
) -> Result<CapturePaymentResponse, Error> {
    let order_id = id::parse("orderId", &request.order_id)?;
    let capture_id = id::parse("captureId", &request.capture_id)?;
    let amount = convert::to_payable("amount", request.amount)?;
    let mut tx = payments.db.begin().await?;
    let mut payment = of_order(&mut tx, order_id).await?;
    if !payment.is_tombstone() {
        same_currency(&payment, amount)?;
        payments
            .change(
                &mut tx,
                &mut payment,
                |_| Due::Leased,
                |it, book| it.capture(capture_id, amount.minor, book),
            )
            .await?
            .map_err(|refusal| refused(&payment, refusal))?;
        tx.commit().await?;
        payment = payments.drive_within(call, payment.id, None).await?;
    }
    Ok(CapturePaymentResponse {
        payment: Some(convert::payment(&payment)),
    })
}

pub(super) async fn settle(
    payments: &Payments,
    request: SettlePaymentRequest,
) -> Result<SettlePaymentResponse, Error> {
    let order_id = id::parse("orderId", &request.order_id)?;
    let final_amount = request
        .final_amount
        .clone()
        .filter(|it| !it.currency_code.is_empty());
    let final_amount = final_amount
        .map(|money| convert::to_amount("finalAmount", Some(money)))
        .transpose()?;
    let minor = final_amount.map_or(0, |money| money.minor);
    let mut tx = payments.db.begin().await?;
    let Some(mut payment) = stored::lock_of_order(&mut tx, order_id).await? else {
        let id = payments.new_id();
        let tombstone = Payment::tombstone(id, order_id, minor, payments.clock.now());
        if stored::insert(&mut tx, &tombstone, None).await? {
            tx.commit().await?;
            return Ok(SettlePaymentResponse::default());
        }
        // It was begun at this moment.
        drop(tx);
        return Box::pin(settle(payments, request)).await;
    };
    if payment.is_tombstone() {
        return Ok(SettlePaymentResponse::default());
    }
    if let Some(amount) = final_amount {
        same_currency(&payment, amount)?;
    }
    payments
        .change(
            &mut tx,
            &mut payment,
            |_| Due::Now,
            |it, book| it.settle(minor, request.reason, book),
        )
        .await?
        .map_err(|refusal| refused(&payment, refusal))?;
    tx.commit().await?;
    payments.wake.notify_one();
    Ok(SettlePaymentResponse {
        payment: Some(convert::payment(&payment)),
    })
}

async fn of_order(tx: &mut Tx, order_id: Uuid) -> Result<Payment, Error> {
    let payment = stored::lock_of_order(tx, order_id).await?;
    payment.ok_or(Error::NoneOfOrder(order_id))
}

pub(super) fn same_currency(payment: &Payment, amount: Money) -> Result<(), Error> {
    match payment.currency == amount.currency {
        true => Ok(()),
        false => Err(Error::OtherCurrency(payment.currency)),
    }
}

pub(super) fn refused(payment: &Payment, refusal: Refusal) -> Error {
    Error::Refused {
        payment: payment.id,
        currency: payment.currency,
        refusal,
    }
}

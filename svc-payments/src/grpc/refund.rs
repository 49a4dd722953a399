//! Giving captured money back.

use contracts::tradewind::payments::v1::{RefundPaymentRequest, RefundPaymentResponse};
use runtime::call::CallContext;
use runtime::id;
use store::Claim;

use super::authorize::{refused, same_currency};
use crate::convert;
use crate::error::Error;
use crate::service::{Due, Payments};
use crate::store::payments as stored;

/// The refund is known by the id of what it is for, or else is one of its own for each key.
pub(super) async fn refund(
    payments: &Payments,
    call: &CallContext,
    request: RefundPaymentRequest,
) -> Result<RefundPaymentResponse, Error> {
    let id = id::parse("paymentId", &request.payment_id)?;
    let amount = convert::to_payable("amount", request.amount)?;
    let asked = id::parse_if_set("refundId", &request.refund_id)?;
    if asked.is_none() && call.idempotency_key.is_none() && !call.caller.is_admin() {
        return Err(Error::RefundUnnamed);
    }
    let refund_id = asked.unwrap_or_else(|| payments.new_id());
    let reason = request.reason;
    let refund = |_: Claim| async move {
        let mut tx = payments.db.begin().await?;
        let found = stored::lock(&mut tx, id).await?;
        let mut payment = found
            .filter(|it| !it.is_tombstone())
            .ok_or(Error::NotFound(id))?;
        same_currency(&payment, amount)?;
        payments
            .change(
                &mut tx,
                &mut payment,
                |_| Due::Now,
                |it, book| {
                    it.begin_refund(refund_id, amount.minor, reason, book)
                        .map(|_| ())
                },
            )
            .await?
            .map_err(|refusal| refused(&payment, refusal))?;
        let refund = payment
            .refund(refund_id)
            .map(|it| convert::refund(&payment, it));
        let reply = RefundPaymentResponse { refund };
        tx.answer(&reply).await?;
        tx.commit().await?;
        Ok(reply)
    };
    let reply = payments.idempotency.once(call, refund).await?;
    payments.wake.notify_one();
    Ok(reply)
}

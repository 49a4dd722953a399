//! What payments tell the others.

use contracts::tradewind::payments::v1::{
    DisputeClosed, DisputeOpened, PaymentActionRequired, PaymentAuthorized, PaymentCaptureFailed,
    PaymentCaptured, PaymentClosed, PaymentDeclined, PaymentLapsed, PaymentRefundFailed,
    PaymentRefunded,
};
use store::NewEvent;

use crate::convert;
use crate::domain::{Event, News, Payment};

/// The event for something that happened to a payment.
pub(crate) fn told(payment: &Payment, event: Event) -> NewEvent {
    let payment_id = payment.id.to_string();
    let order_id = payment.order_id.to_string();
    let version = event.version;
    let amount = convert::amount(payment.currency, event.amount);
    macro_rules! new {
        ($message:ident $(, $field:ident: $value:expr)*) => {
            NewEvent::new(
                payment.id,
                version,
                &$message { payment_id, order_id, version, amount $(, $field: $value)* },
            )
        };
    }
    let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    match event.news {
        News::ActionRequired => new!(PaymentActionRequired),
        News::Authorized => new!(PaymentAuthorized),
        News::Declined(code) => new!(PaymentDeclined, decline_code: code),
        News::Captured(capture) => new!(PaymentCaptured, capture_id: id(capture)),
        News::CaptureFailed(capture) => new!(PaymentCaptureFailed, capture_id: id(capture)),
        News::Refunded(refund) => new!(PaymentRefunded, refund_id: refund.to_string()),
        News::RefundFailed(refund) => new!(PaymentRefundFailed, refund_id: refund.to_string()),
        News::Lapsed => new!(PaymentLapsed),
        News::Closed => new!(PaymentClosed),
        News::DisputeOpened(dispute) => new!(DisputeOpened, dispute_id: dispute.to_string()),
        News::DisputeClosed { id, won } => {
            new!(DisputeClosed, dispute_id: id.to_string(), won: won)
        }
    }
}

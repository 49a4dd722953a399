//! What orders ask of svc-payments.

use std::fmt;
use std::time::Duration;

use contracts::tradewind::payments::v1::payments_service_client::PaymentsServiceClient;
use contracts::tradewind::payments::v1::{
    AuthorizePaymentRequest, CapturePaymentRequest, PaymentState, SettlePaymentRequest,
};
use runtime::call::CallContext;
use runtime::client::Channel;
use runtime::node::Node;
use runtime::status::{Problem, Reason};
use tonic::Code;
use uuid::Uuid;

use super::{Answer, CalleeError};
use crate::domain::Order;

/// What an order leaves of its deadline for saying that the payment is not known yet.
const MARGIN: Duration = Duration::from_millis(250);

/// What the buyer pays with. It is in the request alone: whoever takes the order up later has none.
#[derive(Clone, Default)]
pub(crate) struct Means {
    /// The payment provider's token.
    pub(crate) token: String,
    /// Where the buyer comes back to.
    pub(crate) return_url: String,
}

impl fmt::Debug for Means {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Means([redacted])")
    }
}

#[derive(Clone)]
pub(super) struct Payments(PaymentsServiceClient<Channel>);

impl Payments {
    pub(super) fn new(node: &Node) -> Payments {
        Payments(PaymentsServiceClient::new(node.channel("svc-payments")))
    }

    /// Has the order's money held back.
    pub(super) async fn authorize(
        &self,
        order: &Order,
        means: Option<&Means>,
    ) -> Result<Answer, CalleeError> {
        let Means { token, return_url } = means.cloned().unwrap_or_default();
        let request = AuthorizePaymentRequest {
            order_id: order.id.to_string(),
            user_id: order.user_id.to_string(),
            amount: Some(order.total.into()),
            payment_token: token,
            return_url,
        };
        let mut client = self.0.clone();
        let reply = in_time(async move { client.authorize_payment(request).await }).await?;
        let payment = reply.into_inner().payment.unwrap_or_default();
        match payment.state() {
            PaymentState::Authorized | PaymentState::Captured => Ok(Answer::Done),
            PaymentState::RequiresAction => Ok(Answer::AwaitsBuyer),
            PaymentState::Authorizing | PaymentState::Unspecified => {
                Err(CalleeError::Undecided(unknown(order.id).into()))
            }
            ended @ (PaymentState::Closing
            | PaymentState::Closed
            | PaymentState::Declined
            | PaymentState::Lapsed) => {
                let state = ended.as_str_name().trim_start_matches("PAYMENT_STATE_");
                let problem = Problem::invalid_state(
                    format!("payments/{}", payment.payment_id),
                    format!("the payment is {state}"),
                );
                Err(CalleeError::Refused(problem.into()))
            }
        }
    }

    /// Has the order's money given back, and none taken any more.
    pub(super) async fn settle(&self, order: Uuid) -> Result<(), CalleeError> {
        let request = SettlePaymentRequest {
            order_id: order.to_string(),
            final_amount: None,
            reason: String::new(),
        };
        self.0.clone().settle_payment(request).await?;
        Ok(())
    }

    /// Has the order's money taken for this shipment.
    pub(super) async fn capture(&self, order: &Order, shipment: Uuid) -> Result<(), CalleeError> {
        let request = CapturePaymentRequest {
            order_id: order.id.to_string(),
            capture_id: shipment.to_string(),
            amount: Some(order.total.into()),
        };
        self.0.clone().capture_payment(request).await?;
        Ok(())
    }
}

/// The payment of an order is not decided: the buyer may watch the order, or ask again.
pub(crate) fn unknown(order: Uuid) -> Problem {
    let message = format!(
        "the payment of the order {order} is not decided yet: watch the order, or repeat the request \
         with its idempotency key; nothing is charged twice"
    );
    Problem::new(Reason::PaymentUnknown, Code::Unavailable, message)
        .metadata("orderId", order)
        .retry_after(Duration::from_secs(2))
}

/// With an earlier deadline, so that time is left to tell the buyer.
async fn in_time<F: Future>(call: F) -> F::Output {
    let context = CallContext::current();
    match context.and_then(|context| Some((context.deadline?, context))) {
        Some((at, context)) => context.with_deadline(at - MARGIN).scope(call).await,
        None => call.await,
    }
}

//! The stand-in for svc-payments.

use contracts::tradewind::payments::v1::{
    AuthorizePaymentRequest, AuthorizePaymentResponse, CapturePaymentRequest,
    CapturePaymentResponse, Payment, PaymentState, SettlePaymentRequest, SettlePaymentResponse,
};
use runtime::status::{Problem, Reason};
use tonic::{Code, Status};

use super::{Neighbours, lock};

impl Neighbours {
    /// How the order's payment stands.
    pub(crate) fn payment(&self, order: &str) -> Option<PaymentState> {
        lock(&self.0.payments).get(order).copied()
    }

    /// The provider, or the buyer, has decided.
    pub(crate) fn decide(&self, order: &str, state: PaymentState) {
        lock(&self.0.payments).insert(order.to_owned(), state);
    }

    /// The order, the shipment and the pence of each capture.
    pub(crate) fn captures(&self) -> Vec<(String, String, i64)> {
        lock(&self.0.captures).clone()
    }

    /// By the token, as the sandbox has it; without one, no payment is begun, ever.
    pub(super) fn authorize(
        &self,
        request: &AuthorizePaymentRequest,
    ) -> Result<AuthorizePaymentResponse, Status> {
        let mut payments = lock(&self.0.payments);
        let begun = match request.payment_token.as_str() {
            "" => PaymentState::Closed,
            "tok_decline_insufficient" => PaymentState::Declined,
            "tok_action_then_ok" => PaymentState::RequiresAction,
            "tok_timeout_never" => PaymentState::Authorizing,
            _ => PaymentState::Authorized,
        };
        let state = *payments.entry(request.order_id.clone()).or_insert(begun);
        match state {
            PaymentState::Closed | PaymentState::Closing => Err(Problem::new(
                Reason::PaymentNotStarted,
                Code::FailedPrecondition,
                "there is no payment for the order",
            )
            .into()),
            PaymentState::Declined => Err(Problem::new(
                Reason::PaymentDeclined,
                Code::FailedPrecondition,
                "the payment was declined",
            )
            .metadata("declineCode", "insufficient_funds")
            .into()),
            state => Ok(AuthorizePaymentResponse {
                payment: Some(Payment {
                    state: state.into(),
                    ..Payment::default()
                }),
            }),
        }
    }

    pub(super) fn capture(
        &self,
        request: &CapturePaymentRequest,
    ) -> Result<CapturePaymentResponse, Status> {
        let amount = request.amount.clone().unwrap_or_default();
        let pence = amount.units * 100 + i64::from(amount.nanos) / 10_000_000;
        let capture = (request.order_id.clone(), request.capture_id.clone(), pence);
        lock(&self.0.captures).push(capture);
        Ok(CapturePaymentResponse::default())
    }

    pub(super) fn settle(
        &self,
        request: &SettlePaymentRequest,
    ) -> Result<SettlePaymentResponse, Status> {
        self.decide(&request.order_id, PaymentState::Closed);
        Ok(SettlePaymentResponse::default())
    }
}

//! Taking money.

use contracts::tradewind::payments::v1::PaymentState;
use runtime::status::Reason;
use store::testing::{eventually, refused};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::till::{Till, minor};

store::on_both! {
    async fn the_first_shipment_takes_all_and_the_next_is_paid_by_it(database: TestDatabase) {
        let till = Till::open(&database).await;
        let order = till.new_id();
        let payment = till.authorize(order, "tok_ok").await.unwrap();
        let (first, second) = (till.new_id(), till.new_id());
        for capture in [first, first, second] {
            let payment = till.capture(order, capture, 4_000).await.unwrap();
            assert_eq!(payment.state(), PaymentState::Captured);
            assert_eq!(minor(&payment.captured), 10_000);
        }
        assert_eq!(till.told(&payment.payment_id, "PaymentCaptured").await, 1);
        assert_eq!(till.operations(&payment.payment_id).await.len(), 3);
    }

    async fn no_more_is_taken_than_is_held(database: TestDatabase) {
        let till = Till::open(&database).await;
        let order = till.new_id();
        till.authorize(order, "tok_ok").await.unwrap();
        let capture = till.capture(order, till.new_id(), 10_001).await;
        let status = refused(capture, Reason::AmountExceeded);
        let info = status.get_details_error_info().unwrap();
        assert_eq!(info.metadata["available"], "100.00");
        assert_eq!(info.metadata["currency"], "GBP");
    }

    async fn nothing_is_taken_before_it_is_held(database: TestDatabase) {
        let till = Till::open(&database).await;
        let order = till.new_id();
        let nobody = till.capture(order, till.new_id(), 100).await;
        assert_eq!(refused(nobody, Reason::ResourceNotFound).code(), Code::NotFound);
        till.authorize(order, "tok_action_then_ok").await.unwrap();
        let early = till.capture(order, till.new_id(), 100).await;
        assert_eq!(refused(early, Reason::InvalidState).code(), Code::FailedPrecondition);
    }

    async fn a_capture_that_comes_too_late_is_told_of_once(database: TestDatabase) {
        let till = Till::open(&database).await;
        let order = till.new_id();
        let payment = till.authorize(order, "tok_lapses").await.unwrap().payment_id;
        till.comes_to(&payment, PaymentState::Lapsed).await;
        let shipment = till.new_id();
        for _ in 0..2 {
            let late = till.capture(order, shipment, 10_000).await.unwrap();
            assert_eq!(late.state(), PaymentState::Lapsed);
        }
        assert_eq!(till.told(&payment, "PaymentCaptureFailed").await, 1);
        let order = till.new_id();
        let _ = till.authorize(order, "tok_decline_lost").await;
        let declined = till.capture(order, shipment, 10_000).await.unwrap();
        assert_eq!(declined.state(), PaymentState::Declined);
        assert_eq!(till.told(&declined.payment_id, "PaymentCaptureFailed").await, 1);
    }

    async fn a_capture_that_the_provider_refuses_is_told_of(database: TestDatabase) {
        let till = Till::open(&database).await;
        let order = till.new_id();
        let payment = till.authorize(order, "tok_capture_refused").await.unwrap().payment_id;
        let refused = till.capture(order, till.new_id(), 10_000).await.unwrap();
        assert_eq!(refused.state(), PaymentState::Authorized);
        assert_eq!(till.told(&payment, "PaymentCaptureFailed").await, 1);
        let capture = till.operations(&payment).await.pop().unwrap();
        assert_eq!(capture.provider_code, "capture_refused");
        // The last word gives the hold back, as it cannot be taken.
        till.settle(order, 10_000).await.unwrap();
        till.reaches(&payment, PaymentState::Closed).await;
        assert_eq!(till.at_provider("CANCELED").await, 1);
        assert_eq!(till.told(&payment, "PaymentCaptureFailed").await, 2);
    }

    async fn a_captured_payment_may_be_disputed(database: TestDatabase) {
        let till = Till::open(&database).await;
        let order = till.new_id();
        let payment = till.authorize(order, "tok_dispute").await.unwrap().payment_id;
        till.capture(order, till.new_id(), 10_000).await.unwrap();
        eventually("the dispute is heard of", async || {
            minor(&till.get(&payment).await.disputed) == 10_000
        }).await;
        assert_eq!(till.told(&payment, "DisputeOpened").await, 1);
        till.hands.advance(std::time::Duration::from_secs(25 * 3600));
        eventually("the bank decides", async || {
            minor(&till.get(&payment).await.disputed) == 0
        }).await;
        assert_eq!(till.told(&payment, "DisputeClosed").await, 1);
    }
}

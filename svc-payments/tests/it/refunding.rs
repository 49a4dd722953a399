//! Giving money back.

use contracts::tradewind::payments::v1::{PaymentState, RefundPaymentRequest, RefundState};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use runtime::status::Reason;
use store::testing::{TestDatabase, eventually, keyed, refused};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::till::{ADA, Till, gbp, minor};

/// A payment of which all is taken.
async fn captured(till: &Till, token: &str) -> String {
    let order = till.new_id();
    let payment = till.authorize(order, token).await.unwrap().payment_id;
    till.capture(order, till.new_id(), 10_000).await.unwrap();
    payment
}

fn refund_of(payment: &str, amount: i64) -> RefundPaymentRequest {
    RefundPaymentRequest {
        payment_id: payment.into(),
        amount: gbp(amount),
        ..RefundPaymentRequest::default()
    }
}

store::on_both! {
    async fn a_refund_happens_once_by_its_id(database: TestDatabase) {
        let till = Till::open(&database).await;
        let payment = captured(&till, "tok_ok").await;
        let return_id = till.new_id();
        for _ in 0..2 {
            let refund = till.refund(&payment, return_id, 2_500).await.unwrap();
            assert_eq!(refund.refund_id, return_id.to_string());
        }
        eventually("it is given back", async || {
            minor(&till.get(&payment).await.refunded) == 2_500
        }).await;
        let stands = till.get(&payment).await;
        assert_eq!(stands.refunds.len(), 1);
        assert_eq!(stands.refunds[0].state(), RefundState::Succeeded);
        assert_eq!(stands.refunds[0].reason, "it came back");
        assert_eq!(till.told(&payment, "PaymentRefunded").await, 1);
        refused(till.refund(&payment, return_id, 2_501).await, Reason::ResourceExists);
    }

    async fn a_refund_happens_once_by_its_key(database: TestDatabase) {
        let till = Till::open(&database).await;
        let payment = captured(&till, "tok_ok").await;
        let mut ids = Vec::new();
        for _ in 0..2 {
            let request = keyed(refund_of(&payment, 1_000), "refund-1");
            let reply = till.admin().refund_payment(request).await.unwrap().into_inner();
            ids.push(reply.refund.unwrap().refund_id);
        }
        assert_eq!(ids[0], ids[1]);
        assert_eq!(till.get(&payment).await.refunds.len(), 1);
        let other = keyed(refund_of(&payment, 1_001), "refund-1");
        refused(till.admin().refund_payment(other).await, Reason::IdempotencyKeyReused);
        // A workload says which refund it is.
        let unnamed = till.orders().refund_payment(refund_of(&payment, 1)).await;
        assert_eq!(store::testing::fields(&refused(unnamed, Reason::InvalidField)), ["refundId"]);
        let user = till.user(ADA).refund_payment(refund_of(&payment, 1)).await;
        assert_eq!(user.unwrap_err().code(), Code::PermissionDenied);
    }

    async fn no_more_is_given_back_than_is_left(database: TestDatabase) {
        let till = Till::open(&database).await;
        let payment = captured(&till, "tok_ok").await;
        till.refund(&payment, till.new_id(), 9_990).await.unwrap();
        let status = refused(till.refund(&payment, till.new_id(), 11).await, Reason::AmountExceeded);
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(status.get_details_error_info().unwrap().metadata["available"], "0.10");
        till.refund(&payment, till.new_id(), 10).await.unwrap();
        let nobody = till.refund(&till.new_id().to_string(), till.new_id(), 10).await;
        refused(nobody, Reason::ResourceNotFound);
    }

    async fn a_refund_that_comes_back_is_tried_anew_and_given_up(database: TestDatabase) {
        let till = Till::open(&database).await;
        let payment = captured(&till, "tok_refund_pending_then_failed").await;
        till.refund(&payment, till.new_id(), 4_000).await.unwrap();
        eventually("it is on its way", async || till.count("sandbox_refunds").await == 1).await;
        assert_eq!(till.get(&payment).await.refunds[0].state(), RefundState::Pending);
        eventually("it is given up", async || {
            till.hands.advance(std::time::Duration::from_secs(60));
            till.get(&payment).await.refunds[0].state() == RefundState::Failed
        }).await;
        assert_eq!(till.count("sandbox_refunds").await, 4);
        assert_eq!(till.told(&payment, "PaymentRefundFailed").await, 1);
        let stands = till.get(&payment).await;
        assert_eq!((stands.state(), minor(&stands.refunded)), (PaymentState::Captured, 0));
        let operation = till.operations(&payment).await.pop().unwrap();
        assert_eq!((operation.attempt, operation.provider_code.as_str()), (4, "lost_or_stolen_card"));
        assert!(operation.idempotency_key.ends_with(".4"));
        // There is as much left as before.
        till.refund(&payment, till.new_id(), 10_000).await.unwrap();
    }
}

/// Whatever is given back in whatever parts, it is what was paid in the end.
async fn conserves(database: &TestDatabase) {
    let till = Till::open(database).await;
    let parts = prop::collection::vec(1_i64..4_000, 1..6);
    let mut runner = TestRunner::deterministic();
    for _ in 0..8 {
        let parts = parts
            .new_tree(&mut runner)
            .expect("there are such parts")
            .current();
        let payment = captured(&till, "tok_ok").await;
        let mut left = 10_000;
        for part in parts {
            let refund = till.refund(&payment, till.new_id(), part).await;
            match part <= left {
                true => {
                    refund.unwrap();
                    left -= part;
                }
                false => {
                    refused(refund, Reason::AmountExceeded);
                }
            }
        }
        if left > 0 {
            till.refund(&payment, till.new_id(), left).await.unwrap();
        }
        refused(
            till.refund(&payment, till.new_id(), 1).await,
            Reason::AmountExceeded,
        );
        eventually("all is given back", async || {
            minor(&till.get(&payment).await.refunded) == 10_000
        })
        .await;
    }
}

store::on_both! {
    async fn refunds_conserve(database: TestDatabase) {
        conserves(&database).await;
    }
}

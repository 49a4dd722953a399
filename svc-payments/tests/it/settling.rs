//! The last word.

use contracts::tradewind::payments::v1::{PaymentState, RefundState};
use runtime::status::Reason;
use store::testing::refused;

use crate::till::{Till, minor};

store::on_both! {
    async fn an_order_that_is_settled_before_it_is_paid_is_never_paid(database: TestDatabase) {
        let till = Till::open(&database).await;
        let order = till.new_id();
        for _ in 0..2 {
            assert_eq!(till.settle(order, 0).await.unwrap(), None);
        }
        refused(till.authorize(order, "tok_ok").await, Reason::PaymentNotStarted);
        assert_eq!(till.count("sandbox_intents").await, 0);
        // Nor is anything taken for it, and nobody is bothered.
        till.capture(order, till.new_id(), 100).await.unwrap();
    }

    async fn a_hold_is_given_back(database: TestDatabase) {
        let till = Till::open(&database).await;
        let order = till.new_id();
        let payment = till.authorize(order, "tok_ok").await.unwrap().payment_id;
        for _ in 0..2 {
            assert!(till.settle(order, 0).await.unwrap().is_some());
        }
        let closed = till.reaches(&payment, PaymentState::Closed).await;
        assert_eq!((minor(&closed.authorized), minor(&closed.captured)), (10_000, 0));
        assert_eq!(till.at_provider("CANCELED").await, 1);
        assert_eq!(till.told(&payment, "PaymentClosed").await, 1);
        refused(till.settle(order, 1).await, Reason::InvalidState);
        till.capture(order, till.new_id(), 100).await.unwrap();
        assert_eq!(minor(&till.get(&payment).await.captured), 0);
    }

    async fn a_hold_is_taken_in_part(database: TestDatabase) {
        let till = Till::open(&database).await;
        let order = till.new_id();
        let payment = till.authorize(order, "tok_ok").await.unwrap().payment_id;
        till.settle(order, 2_500).await.unwrap();
        let closed = till.reaches(&payment, PaymentState::Closed).await;
        assert_eq!((minor(&closed.captured), minor(&closed.refunded)), (2_500, 0));
        assert_eq!(till.told(&payment, "PaymentCaptured").await, 1);
    }

    async fn what_was_taken_beyond_it_is_given_back(database: TestDatabase) {
        let till = Till::open(&database).await;
        let order = till.new_id();
        let payment = till.authorize(order, "tok_ok").await.unwrap().payment_id;
        till.capture(order, till.new_id(), 3_000).await.unwrap();
        till.settle(order, 3_000).await.unwrap();
        let closed = till.reaches(&payment, PaymentState::Closed).await;
        assert_eq!((minor(&closed.captured), minor(&closed.refunded)), (10_000, 7_000));
        assert_eq!(closed.refunds[0].state(), RefundState::Succeeded);
        assert_eq!(closed.refunds[0].reason, "the order was cancelled");
        assert_eq!(till.told(&payment, "PaymentRefunded").await, 1);
        // What is returned later is given back all the same.
        till.refund(&payment, till.new_id(), 3_000).await.unwrap();
    }

    async fn more_than_was_to_be_paid_is_never_taken(database: TestDatabase) {
        let till = Till::open(&database).await;
        let order = till.new_id();
        till.authorize(order, "tok_ok").await.unwrap();
        refused(till.settle(order, 10_001).await, Reason::AmountExceeded);
    }

    async fn an_action_that_nobody_finished_ends_with_the_order(database: TestDatabase) {
        let till = Till::open(&database).await;
        let order = till.new_id();
        let payment = till.authorize(order, "tok_action_then_ok").await.unwrap().payment_id;
        let url = till.action(&payment).await.unwrap().redirect_url;
        till.settle(order, 0).await.unwrap();
        till.reaches(&payment, PaymentState::Closed).await;
        let page = till.finish(url.rsplit('/').next().unwrap(), true).await.unwrap();
        assert!(page.contains("declined"), "{page}");
        assert_eq!(till.at_provider("CANCELED").await, 1);
    }

    async fn a_declined_or_lapsed_payment_has_nothing_to_settle(database: TestDatabase) {
        let till = Till::open(&database).await;
        let order = till.new_id();
        let _ = till.authorize(order, "tok_decline_lost").await;
        for _ in 0..2 {
            let payment = till.settle(order, 0).await.unwrap().unwrap();
            assert_eq!(payment.state(), PaymentState::Declined);
        }
    }
}

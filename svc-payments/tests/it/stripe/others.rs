//! A provider is changed.

use std::time::Duration;

use contracts::tradewind::payments::v1::PaymentState;
use runtime::status::Reason;
use store::on_both;
use store::testing::{eventually, refused};
use tonic::Code;
use tonic_types::StatusExt as _;

use super::bed::works_with;
use super::double::Stripe;
use crate::till::{Till, minor};

on_both! {
    async fn the_provider_is_not_changed_while_the_old_one_is_needed(database: TestDatabase) {
        let till = Till::open(&database).await;
        let stripe = Stripe::start(&till.common.clock).await;
        let (held, sent) = (till.new_id(), till.new_id());
        let hold = till.authorize(held, "tok_ok").await.unwrap().payment_id;
        let token = "tok_refund_pending_then_failed";
        let taken = till.authorize(sent, token).await.unwrap().payment_id;
        till.capture(sent, till.new_id(), 10_000).await.unwrap();
        let refund = till.new_id();
        till.refund(&taken, refund, 2_500).await.unwrap();

        let changed = till.beside(&database, |config| works_with(&stripe, config)).await;
        let refusal = changed.err().expect("it does not start");
        assert_eq!(refusal.exit_code(), 1);
        let told = refusal.to_string();
        for part in ["sandbox holds", ": 2.", "PAYMENTS_PROVIDER is stripe", "start with sandbox"] {
            assert!(told.contains(part), "{told}");
        }

        till.settle(held, 0).await.unwrap();
        till.comes_to(&hold, PaymentState::Closed).await;
        eventually("nothing is asked of the sandbox", async || {
            till.hands.advance(Duration::from_secs(60));
            till.count("payments WHERE due_at IS NOT NULL").await == 0
        })
        .await;
        let shop = till.beside(&database, |config| works_with(&stripe, config)).await;
        assert!(shop.is_ok(), "the old one is needed no more");
    }

    async fn what_another_provider_has_taken_is_not_asked_of_this_one(database: TestDatabase) {
        let till = Till::open(&database).await;
        let stripe = Stripe::start(&till.common.clock).await;
        let order = till.new_id();
        let payment = till.authorize(order, "tok_ok").await.unwrap().payment_id;
        till.capture(order, till.new_id(), 10_000).await.unwrap();
        let refund = till.new_id();
        till.refund(&payment, refund, 1_000).await.unwrap();
        eventually("it is given back", async || {
            minor(&till.get(&payment).await.refunded) == 1_000
        })
        .await;
        let shop = till.beside(&database, |config| works_with(&stripe, config)).await.unwrap();

        let asked = shop.refund(&payment, shop.new_id(), 2_000).await;
        let status = refused(asked, Reason::OtherProvider);
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert!(status.message().contains("sandbox"), "{status}");
        let info = status.get_details_error_info().unwrap();
        assert_eq!(info.metadata["provider"], "sandbox");
        refused(shop.settle(order, 0).await, Reason::OtherProvider);
        // What was done before is told, and what asks nothing of anybody is done.
        shop.refund(&payment, refund, 1_000).await.unwrap();
        assert_eq!(shop.get(&payment).await.refunds.len(), 1);
        shop.settle(order, 9_000).await.unwrap();
        assert_eq!(shop.get(&payment).await.state(), PaymentState::Closed);
        assert_eq!(stripe.steps(), Vec::<String>::new());
        // Whoever works with it gives back.
        till.refund(&payment, till.new_id(), 2_000).await.unwrap();
        eventually("it is given back", async || {
            minor(&till.get(&payment).await.refunded) == 3_000
        })
        .await;
    }
}

//! What Stripe tells.

use std::time::Duration;

use contracts::tradewind::payments::v1::{DisputeState, ListDisputesRequest, PaymentState};
use runtime::status::Reason;
use store::on_both;
use store::testing::{eventually, refused};

use super::bed::{Shop, moved};
use super::double::Fault;

on_both! {
    async fn an_event_may_be_faster_than_the_reply(database: TestDatabase) {
        let hasty = |config: &mut svc_payments::Config| {
            config.payments_provider_timeout = Duration::from_secs(2);
        };
        let shop = Shop::open_as(&database, hasty).await;
        shop.stripe.fault("confirm", Fault::Silence);
        let asked = shop.authorize("pm_card_visa");
        let told = async {
            let confirmed = async || shop.stripe.asked("confirm").len() == 1;
            eventually("confirmed", confirmed).await;
            shop.tell_all().await;
        };
        let (payment, ()) = tokio::join!(asked, told);
        let payment = shop.comes_to(&payment.unwrap().payment_id, PaymentState::Authorized).await;
        assert_eq!(shop.stripe.steps(), ["payment_intents", "confirm"]);
        assert_eq!(shop.told(&payment.payment_id, "PaymentAuthorized").await, 1);
    }

    async fn an_event_that_is_told_three_times_has_its_effect_once(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let payment = shop.authorize("pm_card_visa").await.unwrap();
        shop.stripe.account(|it| it.lapse());
        let events = shop.stripe.events();
        for told in events.iter().chain(&events).chain(&events) {
            shop.tell(told).await.unwrap();
        }
        let payment = shop.comes_to(&payment.payment_id, PaymentState::Lapsed).await;
        assert_eq!(shop.count("provider_events").await, i64::try_from(events.len()).unwrap());
        assert_eq!(shop.told(&payment.payment_id, "PaymentLapsed").await, 1);
    }

    async fn an_event_that_comes_late_says_nothing_that_is_over(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.authorize("pm_card_visa").await.unwrap();
        let payment = shop.dispatch(1000).await.unwrap();
        // Among them that it can be captured.
        shop.tell_all().await;
        shop.once("looked at", async || !shop.stripe.asked("refunds").is_empty()).await;
        assert_eq!(shop.now(&payment).await.state(), PaymentState::Captured);
    }

    async fn what_stripe_did_not_sign_is_refused(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.authorize("pm_card_visa").await.unwrap();
        let events = shop.stripe.events();
        let mut altered = events[0].clone();
        altered.body = altered.body.replace("1000", "9000");
        refused(shop.tell(&altered).await, Reason::SignatureInvalid);
        let mut unsigned = events[0].clone();
        unsigned.signature = String::new();
        refused(shop.tell(&unsigned).await, Reason::SignatureInvalid);
        shop.hands.advance(Duration::from_secs(301));
        refused(shop.tell(&events[0]).await, Reason::SignatureInvalid);
        assert_eq!(shop.count("provider_events").await, 0);
    }

    async fn an_event_of_somebody_elses_payment_is_taken_and_passed_over(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.stripe.account(|it| it.others(1));
        shop.tell_all().await;
        assert_eq!(shop.count("provider_events").await, 1);
    }

    async fn a_dispute_is_heard_from_its_begin_to_its_end(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.authorize("pm_card_createDispute").await.unwrap();
        let payment = shop.dispatch(1000).await.unwrap();
        shop.stripe.account(|it| it.dispute());
        shop.tell_all().await;
        shop.once_moved(&payment, [1000, 0, 1000]).await;
        let disputes = shop.admin().list_disputes(ListDisputesRequest::default()).await.unwrap();
        let dispute = disputes.into_inner().disputes.remove(0);
        assert_eq!(dispute.state(), DisputeState::Open);
        assert_eq!(dispute.reason, "product_not_received");
        assert!(dispute.evidence_due_time.is_some());

        shop.stripe.account(|it| it.close_dispute("won"));
        shop.tell_all().await;
        shop.once_moved(&payment, [1000, 0, 0]).await;
    }

    async fn an_inquiry_of_the_bank_is_no_dispute_yet(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.authorize("pm_card_createDispute").await.unwrap();
        let payment = shop.dispatch(1000).await.unwrap();
        shop.stripe.account(|it| {
            it.dispute();
            it.close_dispute("warning_needs_response");
        });
        shop.tell_all().await;
        shop.once("looked at", async || !shop.stripe.asked("disputes").is_empty()).await;
        assert_eq!(moved(&shop.now(&payment).await), [1000, 0, 0]);
    }
}

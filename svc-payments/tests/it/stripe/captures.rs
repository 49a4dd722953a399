//! Taking money, and the last word.

use contracts::tradewind::payments::v1::{PaymentOperationKind, PaymentState};
use store::on_both;

use super::bed::{Shop, moved};
use super::double::Fault;
use crate::till::minor;

on_both! {
    async fn what_is_dispatched_is_taken(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.authorize("pm_card_visa").await.unwrap();
        let payment = shop.dispatch(1000).await.unwrap();
        assert_eq!(payment.state(), PaymentState::Captured);
        assert_eq!(moved(&payment), [1000, 0, 0]);
        let capture = &shop.stripe.asked("capture")[0];
        assert_eq!(capture.form(), "amount_to_capture=1000&expand[]=latest_charge");
    }

    async fn a_last_word_takes_a_part_and_gives_the_rest_of_the_hold_back(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let payment = shop.authorize("pm_card_visa").await.unwrap();
        shop.end(600).await;
        let payment = shop.comes_to(&payment.payment_id, PaymentState::Closed).await;
        assert_eq!(moved(&payment), [600, 0, 0]);
        assert_eq!(shop.stripe.steps(), ["payment_intents", "confirm", "capture"]);
        assert_eq!(shop.stripe.account(|it| it.last().captured), 600);
    }

    async fn a_last_word_of_nothing_gives_the_hold_back(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let payment = shop.authorize("pm_card_visa").await.unwrap();
        shop.end(0).await;
        shop.comes_to(&payment.payment_id, PaymentState::Closed).await;
        assert_eq!(shop.stripe.account(|it| it.last().status), "canceled");
    }

    async fn a_reply_to_a_capture_that_is_lost_is_asked_for(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        for fault in [Fault::ReplyLost, Fault::FailsAfterwards] {
            shop.stripe.forget();
            shop.authorize("pm_card_visa").await.unwrap();
            shop.stripe.fault("capture", fault);
            let payment = shop.dispatch(1000).await.unwrap();
            let payment = shop.comes_to(&payment.payment_id, PaymentState::Captured).await;
            assert_eq!(moved(&payment), [1000, 0, 0], "{fault:?}");
            assert_eq!(shop.stripe.asked("capture").len(), 1, "{fault:?}");
        }
    }

    async fn a_capture_that_the_bank_refuses_is_told_of(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let payment = shop.authorize("pm_card_visa").await.unwrap();
        shop.stripe.fault("capture", Fault::Declines);
        shop.dispatch(1000).await.unwrap();
        let failed = async || shop.told(&payment.payment_id, "PaymentCaptureFailed").await == 1;
        shop.once("told of", failed).await;
        let operations = shop.operations(&payment.payment_id).await;
        let capture = operations.iter().find(|it| it.kind() == PaymentOperationKind::Capture);
        assert_eq!(capture.unwrap().provider_code, "do_not_honor");
        assert_eq!(moved(&shop.now(&payment).await), [0, 0, 0]);
    }

    async fn a_hold_that_ended_by_itself_is_heard_of(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let payment = shop.authorize("pm_card_visa").await.unwrap();
        shop.stripe.account(|it| it.lapse());
        shop.tell_all().await;
        let payment = shop.comes_to(&payment.payment_id, PaymentState::Lapsed).await;
        assert_eq!(minor(&payment.authorized), 1000);
        // Too late: it is told of by an event.
        let payment = shop.dispatch(1000).await.unwrap();
        assert_eq!(payment.state(), PaymentState::Lapsed);
        assert_eq!(shop.stripe.asked("capture").len(), 0);
    }

    async fn a_hold_that_ended_unheard_is_found_when_it_is_taken(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.authorize("pm_card_visa").await.unwrap();
        shop.stripe.account(|it| it.lapse());
        let payment = shop.dispatch(1000).await.unwrap();
        assert_eq!(payment.state(), PaymentState::Lapsed);
        assert_eq!(moved(&payment), [0, 0, 0]);
    }
}

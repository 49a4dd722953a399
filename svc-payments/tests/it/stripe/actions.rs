//! Buyers who have to authenticate.

use contracts::tradewind::payments::v1::PaymentState;
use store::on_both;

use super::bed::Shop;

const NEEDS_ACTION: &str = "pm_card_threeDSecure2Required";

on_both! {
    async fn a_buyer_is_sent_to_the_bank_and_comes_back(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let payment = shop.authorize(NEEDS_ACTION).await.unwrap();
        assert_eq!(payment.state(), PaymentState::RequiresAction);
        let action = shop.action(&payment.payment_id).await.unwrap();
        assert!(action.redirect_url.starts_with("https://hooks.stripe.com/"), "{action:?}");
        assert!(!action.client_secret.is_empty());

        shop.stripe.account(|it| it.act(true));
        shop.tell_all().await;
        shop.comes_to(&payment.payment_id, PaymentState::Authorized).await;
    }

    async fn without_a_page_to_come_back_to_the_shops_script_does_it(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let payment = shop.authorize_without_return(NEEDS_ACTION).await.unwrap();
        let action = shop.action(&payment.payment_id).await.unwrap();
        assert!(action.redirect_url.is_empty());
        assert!(!action.client_secret.is_empty());
        assert!(shop.stripe.asked("confirm")[0].form().contains("use_stripe_sdk=true"));
        shop.end(0).await;
        shop.comes_to(&payment.payment_id, PaymentState::Closed).await;
    }

    async fn a_buyer_whom_the_bank_does_not_believe_is_declined(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let payment = shop.authorize(NEEDS_ACTION).await.unwrap();
        shop.stripe.account(|it| it.act(false));
        shop.tell_all().await;
        let payment = shop.comes_to(&payment.payment_id, PaymentState::Declined).await;
        assert_eq!(payment.decline_code, "payment_intent_authentication_failure");
    }

    async fn a_buyer_who_comes_back_is_seen_without_an_event(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let payment = shop.authorize(NEEDS_ACTION).await.unwrap();
        shop.stripe.account(|it| it.act(true));
        shop.comes_to(&payment.payment_id, PaymentState::Authorized).await;
    }
}

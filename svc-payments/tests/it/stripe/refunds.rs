//! Giving money back.

use contracts::tradewind::payments::v1::{
    ListProviderPaymentsRequest, Payment, PaymentState, RefundState,
};
use runtime::status::Reason;
use store::on_both;
use store::testing::refused;

use super::bed::{Shop, moved};
use super::double::Fault;
use crate::till::minor;

async fn captured(shop: &Shop, means: &str) -> Payment {
    shop.authorize(means).await.unwrap();
    shop.dispatch(1000).await.unwrap()
}

on_both! {
    async fn a_part_is_given_back(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let payment = captured(&shop, "pm_card_visa").await;
        let refund = shop.give_back(&payment, 300).await.unwrap();
        shop.once_moved(&payment, [1000, 300, 0]).await;
        let form = shop.stripe.posted("refunds")[0].form();
        assert!(form.ends_with(&format!("&amount=300&metadata[refund_id]={}", refund.refund_id)), "{form}");
    }

    async fn a_refund_whose_reply_is_lost_is_found_in_the_list(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let payment = captured(&shop, "pm_card_visa").await;
        shop.stripe.fault("refunds", Fault::ReplyLost);
        shop.give_back(&payment, 300).await.unwrap();
        shop.once_moved(&payment, [1000, 300, 0]).await;
        assert_eq!(shop.stripe.account(|it| it.refunds.len()), 1);
        assert_eq!(shop.stripe.posted("refunds").len(), 1);
    }

    async fn a_refund_that_is_lost_is_sent_again_under_its_key(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let payment = captured(&shop, "pm_card_visa").await;
        shop.stripe.fault("refunds", Fault::Lost);
        shop.give_back(&payment, 300).await.unwrap();
        shop.once_moved(&payment, [1000, 300, 0]).await;
        assert_eq!(shop.stripe.account(|it| it.refunds.len()), 1);
    }

    async fn a_refund_on_its_way_arrives(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let payment = captured(&shop, "pm_card_pendingRefund").await;
        shop.give_back(&payment, 300).await.unwrap();
        shop.once("on its way", async || shop.stripe.posted("refunds").len() == 1).await;
        let [refund] = &shop.now(&payment).await.refunds[..] else { panic!("there is one") };
        assert_eq!(refund.state(), RefundState::Pending);
        shop.stripe.account(|it| it.finish_refund("succeeded"));
        shop.tell_all().await;
        shop.once_moved(&payment, [1000, 300, 0]).await;
    }

    async fn a_refund_that_comes_back_is_tried_anew_under_another_key(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let payment = captured(&shop, "pm_card_pendingRefund").await;
        shop.give_back(&payment, 300).await.unwrap();
        shop.once("on its way", async || shop.stripe.posted("refunds").len() == 1).await;
        shop.stripe.account(|it| it.finish_refund("failed"));
        shop.tell_all().await;
        shop.once("tried anew", async || shop.stripe.account(|it| it.refunds.len()) == 2).await;
        shop.stripe.account(|it| it.finish_refund("succeeded"));
        shop.tell_all().await;
        shop.once_moved(&payment, [1000, 300, 0]).await;
        let posted = shop.stripe.posted("refunds");
        let keys: Vec<_> = posted.iter().map(|it| it.key()).collect();
        assert!(keys[0].ends_with(".1") && keys[1].ends_with(".2"), "{keys:?}");
    }

    async fn a_last_word_gives_back_what_was_taken_beyond_it(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let payment = captured(&shop, "pm_card_visa").await;
        shop.end(400).await;
        let payment = shop.comes_to(&payment.payment_id, PaymentState::Closed).await;
        assert_eq!(moved(&payment), [1000, 600, 0]);
    }

    async fn what_people_give_back_at_stripes_pages_is_heard(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let payment = captured(&shop, "pm_card_visa").await;
        shop.stripe.account(|it| it.refund_by_hand(200));
        shop.tell_all().await;
        shop.once_moved(&payment, [1000, 200, 0]).await;
    }

    async fn what_stripe_knows_can_be_compared(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let payment = captured(&shop, "pm_card_visa").await;
        shop.give_back(&payment, 300).await.unwrap();
        shop.stripe.account(|it| it.others(120));
        let mut found = Vec::new();
        let mut request = ListProviderPaymentsRequest::default();
        loop {
            let page = shop.admin().list_provider_payments(request.clone()).await.unwrap();
            let page = page.into_inner();
            found.extend(page.payments);
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        assert_eq!(found.len(), 121);
        request.page_token = "pi_of_nobody".to_owned();
        let other = shop.admin().list_provider_payments(request).await;
        refused(other, Reason::PageTokenInvalid);
        let ours = found.iter().find(|it| it.payment_id == payment.payment_id).unwrap();
        assert_eq!((minor(&ours.captured), minor(&ours.refunded)), (1000, 300));
        assert_eq!(minor(&ours.held), 0);
    }
}

//! Holding money back.

use std::time::Duration;

use contracts::google::r#type::Money;
use contracts::tradewind::payments::v1::{PaymentOperationKind, PaymentState};
use runtime::status::Reason;
use store::on_both;
use store::testing::refused;
use tonic_types::StatusExt as _;

use super::bed::{BACK, Shop};
use super::double::{Fault, KEY};
use crate::till::minor;

fn money(currency: &str, units: i64) -> Money {
    Money {
        currency_code: currency.to_owned(),
        units,
        nanos: 0,
    }
}

on_both! {
    async fn a_hold_is_asked_for_in_two_calls_of_which_the_first_moves_no_money(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let payment = shop.authorize("pm_card_visa").await.unwrap();
        assert_eq!(payment.state(), PaymentState::Authorized);
        assert_eq!(minor(&payment.authorized), 1000);
        assert!(payment.capture_before.is_some());

        assert_eq!(shop.stripe.steps(), ["payment_intents", "confirm"]);
        let [create] = &shop.stripe.asked("payment_intents")[..] else { panic!("it is made once") };
        let [confirm] = &shop.stripe.asked("confirm")[..] else { panic!("it is confirmed once") };
        let expected = format!(
            "amount=1000&currency=gbp&capture_method=manual&payment_method_types[]=card\
             &metadata[payment_id]={}&metadata[order_id]={}",
            payment.payment_id, payment.order_id,
        );
        assert_eq!(create.form(), expected);
        let expected = format!(
            "payment_method=pm_card_visa&return_url={BACK}&expand[]=latest_charge"
        );
        assert_eq!(confirm.form(), expected);

        let operations = shop.operations(&payment.payment_id).await;
        for (asked, kind) in [
            (create, PaymentOperationKind::Create),
            (confirm, PaymentOperationKind::Confirm),
        ] {
            let operation = operations.iter().find(|it| it.kind() == kind).unwrap();
            assert_eq!(asked.key(), operation.idempotency_key);
            assert_eq!(asked.key(), format!("{}.1", operation.operation_id));
        }
    }

    async fn a_token_may_be_one_that_stripes_script_makes_at_the_checkout(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let payment = shop.authorize("ctoken_1NnQUf2eZvKYlo2CIObdtbnb").await.unwrap();
        assert_eq!(payment.state(), PaymentState::Authorized);
        let form = shop.stripe.asked("confirm")[0].form();
        assert!(form.starts_with("confirmation_token=ctoken_"), "{form}");
    }

    async fn a_card_that_is_declined_says_why(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        for (means, code) in [
            ("pm_card_visa_chargeDeclinedInsufficientFunds", "insufficient_funds"),
            ("pm_card_visa_chargeDeclinedLostCard", "lost_card"),
            ("pm_card_visa_chargeDeclined", "generic_decline"),
        ] {
            let declined = shop.authorize(means).await;
            let declined = refused(declined, Reason::PaymentDeclined);
            let details = declined.get_details_error_info().unwrap();
            assert_eq!(details.metadata["declineCode"], code);
        }
    }

    async fn a_token_that_stripe_does_not_know_is_told_from_a_decline(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let refused = shop.authorize("pm_of_another_account").await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::InvalidArgument);
        assert!(!format!("{refused:?}").contains("pm_of_another_account"), "{refused:?}");
    }

    async fn a_reply_that_is_lost_is_asked_for_and_nothing_is_done_twice(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.stripe.fault("confirm", Fault::ReplyLost);
        let payment = shop.authorize("pm_card_visa").await.unwrap();
        shop.comes_to(&payment.payment_id, PaymentState::Authorized).await;
        assert_eq!(shop.stripe.steps(), ["payment_intents", "confirm"]);
    }

    async fn a_request_that_is_lost_is_sent_again_under_its_key(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        for fault in [Fault::Lost, Fault::TooMany, Fault::InProgress] {
            shop.stripe.forget();
            shop.stripe.fault("confirm", fault);
            let payment = shop.authorize("pm_card_visa").await.unwrap();
            shop.comes_to(&payment.payment_id, PaymentState::Authorized).await;
            let confirms = shop.stripe.asked("confirm");
            assert_eq!(confirms.len(), 2, "{fault:?}");
            assert_eq!(confirms[0].key(), confirms[1].key(), "{fault:?}");
        }
    }

    async fn an_object_that_was_lost_is_made_again(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.stripe.fault("payment_intents", Fault::ReplyLost);
        let payment = shop.authorize("pm_card_visa").await.unwrap();
        shop.comes_to(&payment.payment_id, PaymentState::Authorized).await;
        let creates = shop.stripe.asked("payment_intents");
        assert_eq!(creates[0].key(), creates[1].key());
        assert_eq!(shop.stripe.account(|it| it.intents.len()), 1);
    }

    async fn stripe_may_take_longer_than_it_is_waited_for(database: TestDatabase) {
        let hasty = |config: &mut svc_payments::Config| {
            config.payments_provider_timeout = Duration::from_millis(300);
        };
        let shop = Shop::open_as(&database, hasty).await;
        shop.stripe.fault("confirm", Fault::Silence);
        let payment = shop.authorize("pm_card_visa").await.unwrap();
        shop.comes_to(&payment.payment_id, PaymentState::Authorized).await;
        assert_eq!(shop.stripe.asked("confirm").len(), 1);
    }

    async fn a_failure_after_the_hold_is_no_failure(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.stripe.fault("confirm", Fault::FailsAfterwards);
        let payment = shop.authorize("pm_card_visa").await.unwrap();
        shop.comes_to(&payment.payment_id, PaymentState::Authorized).await;
        assert_eq!(shop.stripe.asked("confirm").len(), 1);
    }

    async fn a_failure_that_stripe_repeats_declines_nobody_and_can_be_settled(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.stripe.fault("confirm", Fault::Fails);
        let payment = shop.authorize("pm_card_visa").await.unwrap();
        assert_eq!(payment.state(), PaymentState::Authorizing);
        shop.end(0).await;
        let payment = shop.comes_to(&payment.payment_id, PaymentState::Closed).await;
        assert_eq!(minor(&payment.authorized), 0);
        assert_eq!(shop.stripe.account(|it| it.last().status), "canceled");
    }

    async fn a_wrong_key_of_the_account_declines_nobody(database: TestDatabase) {
        let wrong = |config: &mut svc_payments::Config| {
            config.stripe.stripe_secret_key = Some(format!("{KEY}x").into());
        };
        let shop = Shop::open_as(&database, wrong).await;
        let payment = shop.authorize("pm_card_visa").await.unwrap();
        assert_eq!(payment.state(), PaymentState::Authorizing);
        shop.end(0).await;
        shop.comes_to(&payment.payment_id, PaymentState::Closed).await;
    }

    async fn a_currency_is_told_as_stripe_counts_it_or_refused(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let refused_currency = shop.authorize_amount("pm_card_visa", Some(money("IRR", 100))).await;
        refused(refused_currency, Reason::CurrencyUnknown);

        let payment = shop.authorize_amount("pm_card_visa", Some(money("ISK", 500))).await.unwrap();
        assert_eq!(payment.authorized, Some(money("ISK", 500)));
        assert_eq!(shop.stripe.account(|it| it.last().amount), 50_000);
    }
}

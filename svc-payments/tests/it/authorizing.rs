//! Holding money back.

use contracts::tradewind::payments::v1::{PaymentOperationState, PaymentState};
use runtime::status::Reason;
use store::testing::{fields, refused};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::till::{Till, gbp, minor};

fn metadata(status: &tonic::Status, key: &str) -> String {
    let info = status.get_details_error_info().expect("it has a reason");
    info.metadata.get(key).cloned().unwrap_or_default()
}

store::on_both! {
    async fn money_is_held_once_for_an_order(database: TestDatabase) {
        let till = Till::open(&database).await;
        let order = till.new_id();
        let payment = till.authorize(order, "tok_ok").await.unwrap();
        assert_eq!(payment.state(), PaymentState::Authorized);
        assert_eq!(minor(&payment.authorized), 10_000);
        assert_eq!(minor(&payment.captured), 0);
        assert_eq!(payment.provider, "sandbox");
        assert!(payment.capture_before.is_some());
        // Told again, also by whoever does not have the token, it says how the payment stands.
        for token in ["tok_ok", ""] {
            assert_eq!(till.authorize(order, token).await.unwrap().payment_id, payment.payment_id);
        }
        assert_eq!(till.told(&payment.payment_id, "PaymentAuthorized").await, 1);
        assert_eq!(till.at_provider("HELD").await, 1);
        assert_eq!(till.operations(&payment.payment_id).await.len(), 2);
    }

    async fn many_at_once_hold_it_once_too(database: TestDatabase) {
        let till = Till::open(&database).await;
        let order = till.new_id();
        let calls = (0..8).map(|_| till.authorize(order, "tok_ok"));
        for payment in futures::future::join_all(calls).await {
            till.reaches(&payment.unwrap().payment_id, PaymentState::Authorized).await;
        }
        assert_eq!(till.count("payments").await, 1);
        assert_eq!(till.at_provider("HELD").await, 1);
        assert_eq!(till.count("sandbox_intents").await, 1);
    }

    async fn replicas_hold_it_once_between_them(database: TestDatabase) {
        let till = Till::open(&database).await;
        let other = till.replica(&database).await;
        for token in ["tok_ok", "tok_timeout_then_ok", "tok_webhook_thrice"] {
            let order = till.new_id();
            let both = tokio::join!(till.authorize(order, token), other.authorize(order, token));
            let payment = both.0.unwrap().payment_id;
            assert_eq!(both.1.unwrap().payment_id, payment);
            till.reaches(&payment, PaymentState::Authorized).await;
            let shipment = till.new_id();
            let both = tokio::join!(
                till.capture(order, shipment, 10_000),
                other.capture(order, shipment, 10_000)
            );
            assert!(both.0.is_ok() && both.1.is_ok());
            till.reaches(&payment, PaymentState::Captured).await;
            let both = tokio::join!(till.settle(order, 4_000), other.settle(order, 4_000));
            assert!(both.0.is_ok() && both.1.is_ok());
            let closed = till.reaches(&payment, PaymentState::Closed).await;
            assert_eq!((minor(&closed.captured), minor(&closed.refunded)), (10_000, 6_000));
            for event in ["PaymentAuthorized", "PaymentCaptured", "PaymentRefunded", "PaymentClosed"] {
                assert_eq!(till.told(&payment, event).await, 1, "{token}: {event}");
            }
        }
        assert_eq!(till.count("sandbox_intents").await, 3);
        assert_eq!(till.count("sandbox_refunds").await, 3);
    }

    async fn without_a_token_a_payment_is_never_begun(database: TestDatabase) {
        let till = Till::open(&database).await;
        let order = till.new_id();
        for token in ["", "tok_ok"] {
            let status = refused(till.authorize(order, token).await, Reason::PaymentNotStarted);
            assert_eq!(status.code(), Code::FailedPrecondition);
            assert_eq!(metadata(&status, "orderId"), order.to_string());
        }
        assert_eq!(till.count("sandbox_intents").await, 0);
        assert!(till.of_order(order).await.is_none());
    }

    async fn a_refused_means_of_payment_says_why(database: TestDatabase) {
        let till = Till::open(&database).await;
        for (token, code) in [
            ("tok_decline_insufficient", "insufficient_funds"),
            ("tok_decline_lost", "lost_card"),
            ("tok_decline_expired", "expired_card"),
        ] {
            let order = till.new_id();
            for _ in 0..2 {
                let status = refused(till.authorize(order, token).await, Reason::PaymentDeclined);
                assert_eq!(status.code(), Code::FailedPrecondition);
                assert_eq!(metadata(&status, "declineCode"), code);
            }
            let payment = till.of_order(order).await.unwrap();
            assert_eq!(payment.state(), PaymentState::Declined);
            assert_eq!(payment.decline_code, code);
            assert_eq!(till.told(&payment.payment_id, "PaymentDeclined").await, 1);
        }
    }

    async fn what_is_no_token_is_refused_with_what_to_do(database: TestDatabase) {
        let till = Till::open(&database).await;
        for token in ["4242 4242 4242 4242", "tok_of_somebody_else"] {
            let order = till.new_id();
            for _ in 0..2 {
                let status = refused(till.authorize(order, token).await, Reason::InvalidField);
                assert_eq!(fields(&status), ["paymentToken"]);
                assert!(status.message().contains("provider"), "{}", status.message());
                assert!(!status.message().contains("4242"), "{}", status.message());
            }
        }
        // A number of a card is stored nowhere.
        assert_eq!(till.count("payments").await, 1);
    }

    async fn only_money_that_one_pays_with_is_held(database: TestDatabase) {
        let till = Till::open(&database).await;
        let of = |code: &str| {
            let mut money = gbp(100).unwrap();
            money.currency_code = code.into();
            Some(money)
        };
        let replaced = till.authorize_for(till.new_id(), "tok_ok", of("HRK")).await;
        let status = refused(replaced, Reason::CurrencyUnknown);
        assert_eq!(status.code(), Code::InvalidArgument);
        for wrong in [of("XXX"), gbp(0), gbp(-100)] {
            let held = till.authorize_for(till.new_id(), "tok_ok", wrong).await;
            assert_eq!(fields(&refused(held, Reason::InvalidField)), ["amount"]);
        }
    }

    async fn a_token_is_sealed_and_forgotten(database: TestDatabase) {
        let till = Till::open(&database).await;
        let never = till.authorize(till.new_id(), "tok_timeout_never").await.unwrap();
        assert_eq!(never.state(), PaymentState::Authorizing);
        let sealed = "payments WHERE token_sealed IS NOT NULL";
        assert_eq!(till.count(sealed).await, 1);
        let mut tx = till.read().await;
        let (kept,) = store::fetch_one!(
            tx,
            (Vec<u8>,),
            "SELECT token_sealed FROM payments"
        ).unwrap();
        assert!(!String::from_utf8_lossy(&kept).contains("tok_"));
        drop(tx);
        till.authorize(till.new_id(), "tok_ok").await.unwrap();
        let _ = till.authorize(till.new_id(), "tok_decline_lost").await;
        till.authorize(till.new_id(), "tok_action_then_ok").await.unwrap();
        assert_eq!(till.count(sealed).await, 1);
    }

    async fn a_lost_reply_is_looked_for_and_nothing_is_held_twice(database: TestDatabase) {
        let till = Till::open(&database).await;
        for token in ["tok_timeout_then_ok", "tok_500_once", "tok_slow", "tok_webhook_first"] {
            let payment = till.authorize(till.new_id(), token).await.unwrap();
            let payment = till.reaches(&payment.payment_id, PaymentState::Authorized).await;
            let operations = till.operations(&payment.payment_id).await;
            assert!(operations.iter().all(|it| it.attempt == 1), "{token}: {operations:?}");
            assert_eq!(till.told(&payment.payment_id, "PaymentAuthorized").await, 1);
        }
        assert_eq!(till.at_provider("HELD").await, 4);
        let lost = till.authorize(till.new_id(), "tok_timeout_then_decline").await;
        refused(lost, Reason::PaymentDeclined);
    }

    async fn what_never_arrives_stays_open_until_it_is_settled(database: TestDatabase) {
        let till = Till::open(&database).await;
        let order = till.new_id();
        let payment = till.authorize(order, "tok_timeout_never").await.unwrap();
        assert_eq!(payment.state(), PaymentState::Authorizing);
        let confirm = till.operations(&payment.payment_id).await.pop().unwrap();
        assert_eq!(confirm.attempt, 1);
        assert_ne!(confirm.state(), PaymentOperationState::Refused);
        till.settle(order, 0).await.unwrap();
        till.comes_to(&payment.payment_id, PaymentState::Closed).await;
        assert_eq!(till.at_provider("CANCELED").await, 1);
        refused(till.authorize(order, "tok_ok").await, Reason::PaymentNotStarted);
    }

    async fn the_buyer_approves_at_the_bank(database: TestDatabase) {
        let till = Till::open(&database).await;
        let order = till.new_id();
        let payment = till.authorize(order, "tok_action_then_ok").await.unwrap();
        assert_eq!(payment.state(), PaymentState::RequiresAction);
        assert_eq!(till.told(&payment.payment_id, "PaymentActionRequired").await, 1);
        let url = till.action(&payment.payment_id).await.unwrap().redirect_url;
        let action = url.strip_prefix("/v1/payment-providers/sandbox/actions/").unwrap();
        let page = till.show(action).await.unwrap();
        assert!(page.contains("100.00 GBP") && page.contains("<form method=\"post\""), "{page}");
        let page = till.finish(action, true).await.unwrap();
        assert!(page.contains("https://shop.example/orders"), "{page}");
        let payment = till.reaches(&payment.payment_id, PaymentState::Authorized).await;
        assert_eq!(minor(&payment.authorized), 10_000);
        // What is done stays so.
        till.finish(action, false).await.unwrap();
        assert_eq!(till.at_provider("HELD").await, 1);
        refused(till.action(&payment.payment_id).await, Reason::InvalidState);
        refused(till.show("nothing").await, Reason::ResourceNotFound);
    }

    async fn the_buyer_declines_at_the_bank_or_leaves(database: TestDatabase) {
        let till = Till::open(&database).await;
        let payment = till.authorize(till.new_id(), "tok_action_then_ok").await.unwrap();
        let url = till.action(&payment.payment_id).await.unwrap().redirect_url;
        till.finish(url.rsplit('/').next().unwrap(), false).await.unwrap();
        let payment = till.reaches(&payment.payment_id, PaymentState::Declined).await;
        assert_eq!(payment.decline_code, "authentication_failed");
        let payment = till.authorize(till.new_id(), "tok_action_then_leave").await.unwrap();
        assert_eq!(payment.state(), PaymentState::RequiresAction);
        let payment = till.comes_to(&payment.payment_id, PaymentState::Declined).await;
        assert_eq!(payment.decline_code, "authentication_abandoned");
    }

    async fn a_hold_that_nobody_captures_lapses(database: TestDatabase) {
        let till = Till::open(&database).await;
        let order = till.new_id();
        let payment = till.authorize(order, "tok_lapses").await.unwrap();
        assert_eq!(payment.state(), PaymentState::Authorized);
        let payment = till.comes_to(&payment.payment_id, PaymentState::Lapsed).await;
        assert_eq!(till.told(&payment.payment_id, "PaymentLapsed").await, 1);
        refused(till.authorize(order, "tok_ok").await, Reason::PaymentLapsed);
    }
}

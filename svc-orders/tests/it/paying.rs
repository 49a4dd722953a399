//! Orders and their money.

use bus::Delivery;
use contracts::google::r#type::Money;
use contracts::tradewind::orders::v1::{OrderPayment, OrderState};
use contracts::tradewind::payments::v1::{
    DisputeClosed, DisputeOpened, PaymentAuthorized, PaymentCaptureFailed, PaymentCaptured,
    PaymentDeclined, PaymentLapsed, PaymentRefunded, PaymentState,
};
use runtime::status::{Reason, reason};
use store::testing::eventually;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::neighbours::Fault;
use crate::shop::{SHIPMENT, Shop, basket, paid_with};

fn pounds(units: i64) -> Option<Money> {
    Some(Money {
        currency_code: "GBP".to_owned(),
        units,
        nanos: 0,
    })
}

store::on_both! {
    async fn a_declined_order_is_rejected_and_its_stock_free_at_once(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 3);
        let ada = shop.buyer().await;
        let request = paid_with("tok_decline_insufficient", &[("A", 2)]);
        let refused = ada.place(request.clone(), Some("once")).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert_eq!(reason(&refused), Some(Reason::PaymentDeclined));
        let metadata = refused.get_error_details().error_info().unwrap().metadata.clone();
        assert_eq!(metadata["declineCode"], "insufficient_funds");
        assert_eq!(shop.neighbours.available("A"), 3);

        let order = &ada.list().await[0];
        assert_eq!((order.state(), order.payment()), (OrderState::Rejected, OrderPayment::None));
        let history = ada.history(&order.order_id).await;
        let states: Vec<_> = history.iter().map(|event| event.new_state()).collect();
        assert_eq!(states, [OrderState::Pending, OrderState::Rejecting, OrderState::Rejected]);
        assert_eq!(shop.neighbours.payment(&order.order_id), Some(PaymentState::Closed));
        assert_eq!(shop.events("orders.v1.OrderRejected", &order.order_id).await, 1);
        let again = ada.place(request, Some("once")).await.unwrap_err();
        assert_eq!(again.details(), refused.details());
    }

    async fn an_order_that_needs_the_buyer_waits_and_is_confirmed_once_it_is_paid(
        database: TestDatabase
    ) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 3);
        let ada = shop.buyer().await;
        let request = paid_with("tok_action_then_ok", &[("A", 2)]);
        let order = ada.place(request.clone(), Some("once")).await.unwrap();
        assert_eq!(order.state(), OrderState::AwaitingPayment);
        assert_eq!(shop.neighbours.available("A"), 1);
        assert_eq!(ada.place(request, Some("once")).await.unwrap(), order);

        shop.neighbours.decide(&order.order_id, PaymentState::Authorized);
        let authorized = PaymentAuthorized {
            order_id: order.order_id.clone(),
            amount: pounds(2),
            ..Default::default()
        };
        assert_eq!(shop.paid(&authorized).await, Delivery::Settled);
        let confirmed = ada.reaches(&order.order_id, OrderState::Confirmed).await;
        assert_eq!(confirmed.payment(), OrderPayment::Authorized);
        // Told once more, it changes nothing.
        assert_eq!(shop.paid(&authorized).await, Delivery::Settled);
        assert_eq!(ada.get(&order.order_id).await.unwrap(), confirmed);
    }

    async fn an_order_whose_buyer_fails_or_whose_time_is_over_is_rejected(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 3);
        let ada = shop.buyer().await;
        let order = ada.pay("tok_action_then_ok", &[("A", 1)]).await.unwrap().order_id;
        shop.neighbours.decide(&order, PaymentState::Declined);
        let declined = PaymentDeclined {
            order_id: order.clone(),
            amount: pounds(1),
            ..Default::default()
        };
        shop.paid(&declined).await;
        ada.reaches(&order, OrderState::Rejected).await;

        let shop = Shop::impatient(&database).await;
        shop.neighbours.sell("A", 100, 3);
        let ada = shop.buyer().await;
        let order = ada.pay("tok_action_then_ok", &[("A", 1)]).await.unwrap().order_id;
        shop.neighbours.expire(&order);
        ada.reaches(&order, OrderState::Rejected).await;
        assert_eq!(shop.neighbours.payment(&order), Some(PaymentState::Closed));
    }

    async fn an_order_whose_payment_is_not_known_yet_can_be_found_and_goes_on_by_itself(
        database: TestDatabase
    ) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 3);
        let ada = shop.buyer().await;
        let request = paid_with("tok_timeout_never", &[("A", 1)]);
        let unknown = ada.place(request.clone(), Some("once")).await.unwrap_err();
        assert_eq!(unknown.code(), Code::Unavailable);
        assert_eq!(reason(&unknown), Some(Reason::PaymentUnknown));
        let details = unknown.get_error_details();
        assert!(details.retry_info().unwrap().retry_delay.is_some());
        let order = details.error_info().unwrap().metadata["orderId"].clone();
        assert_eq!(ada.get(&order).await.unwrap().state(), OrderState::Pending);
        let again = ada.place(request.clone(), Some("once")).await.unwrap_err();
        assert_eq!(again.get_error_details().error_info().unwrap().metadata["orderId"], order);

        // Recovery has it from then on, and goes on once it hears.
        eventually("recovery has asked", async || shop.neighbours.calls("AuthorizePayment") >= 3)
            .await;
        shop.neighbours.decide(&order, PaymentState::Authorized);
        let authorized = PaymentAuthorized {
            order_id: order.clone(),
            amount: pounds(1),
            ..Default::default()
        };
        shop.paid(&authorized).await;
        ada.reaches(&order, OrderState::Confirmed).await;
        let found = ada.place(request, Some("once")).await.unwrap();
        assert_eq!((found.order_id, shop.count("orders").await), (order, 1));
    }

    async fn what_became_of_a_payment_whose_reply_was_lost_is_found_by_the_same_key(
        database: TestDatabase
    ) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 3);
        let ada = shop.buyer().await;
        for fault in [Fault::ReplyLost, Fault::Away] {
            shop.neighbours.fault("AuthorizePayment", std::iter::repeat_n(fault, 2));
            let lost = ada.order_with_key("once", &[("A", 1)]).await;
            let Err(lost) = lost else { continue };
            assert_eq!(reason(&lost), Some(Reason::PaymentUnknown), "{lost}");
        }
        let mut order = ada.order_with_key("once", &[("A", 1)]).await;
        while order.is_err() {
            order = ada.order_with_key("once", &[("A", 1)]).await;
        }
        assert_eq!(order.unwrap().state(), OrderState::Confirmed);
        assert_eq!((shop.count("orders").await, shop.neighbours.available("A")), (1, 2));
    }

    async fn an_order_that_is_taken_up_without_its_token_ends_rejected(database: TestDatabase) {
        let shop = Shop::impatient(&database).await;
        shop.neighbours.sell("A", 100, 3);
        let ada = shop.buyer().await;
        shop.neighbours.fault("AuthorizePayment", std::iter::repeat_n(Fault::Away, 2));
        let lost = ada.order(&[("A", 1)]).await.unwrap_err();
        let order = lost.get_error_details().error_info().unwrap().metadata["orderId"].clone();
        let rejected = ada.reaches(&order, OrderState::Rejected).await;
        assert_eq!(rejected.rejection_reason, "there is no payment for the order");
        assert_eq!(shop.neighbours.available("A"), 3);
    }

    async fn money_is_taken_once_the_carrier_has_the_shipment(database: TestDatabase) {
        let shop = Shop::impatient(&database).await;
        shop.neighbours.sell("A", 100, 3);
        let ada = shop.buyer().await;
        let order = ada.order(&[("A", 2)]).await.unwrap();
        assert_eq!(order.payment(), OrderPayment::Authorized);
        let order = order.order_id;
        shop.neighbours.fault("CapturePayment", [Fault::ReplyLost]);
        // In any order, and twice.
        shop.delivered(&order).await;
        for _ in 0..2 {
            shop.dispatched(&order).await;
        }
        let capture = (order.clone(), SHIPMENT.to_string(), 200);
        eventually("the money is asked for", async || {
            !shop.neighbours.captures().is_empty() && shop.neighbours.captures().iter().all(|one| *one == capture)
        })
        .await;

        let captured = PaymentCaptured {
            order_id: order.clone(),
            amount: pounds(2),
            capture_id: SHIPMENT.to_string(),
            ..Default::default()
        };
        shop.paid(&captured).await;
        eventually("the order is paid", async || {
            ada.get(&order).await.unwrap().payment() == OrderPayment::Captured
        })
        .await;
        let told = ada.history(&order).await.pop().unwrap();
        assert_eq!((told.old_state(), told.new_state()), (OrderState::Delivered, OrderState::Delivered));
        assert_eq!((told.actor.as_str(), told.reason.as_str()), ("workload:svc-payments", "2.00 GBP was taken"));
        eventually("nothing is left to do", async || shop.count("order_tasks").await == 0).await;
    }

    async fn what_becomes_of_the_money_of_an_order_is_shown(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 30);
        let ada = shop.buyer().await;
        let order = ada.order(&[("A", 10)]).await.unwrap().order_id;
        shop.dispatched(&order).await;
        let of = |amount| (order.clone(), pounds(amount));
        let shows = async |payment| ada.get(&order).await.unwrap().payment() == payment;

        let (order_id, amount) = of(10);
        shop.paid(&PaymentCaptureFailed { order_id, amount, ..Default::default() }).await;
        eventually("it failed", async || shows(OrderPayment::CaptureFailed).await).await;
        let (order_id, amount) = of(10);
        shop.paid(&PaymentCaptured { order_id, amount, ..Default::default() }).await;
        eventually("it is taken", async || shows(OrderPayment::Captured).await).await;
        let (order_id, amount) = of(4);
        shop.paid(&PaymentRefunded { order_id, amount, ..Default::default() }).await;
        eventually("part is back", async || shows(OrderPayment::PartlyRefunded).await).await;
        let (order_id, amount) = of(6);
        shop.paid(&DisputeOpened { order_id, amount, ..Default::default() }).await;
        eventually("it is disputed", async || shows(OrderPayment::Disputed).await).await;
        let (order_id, amount) = of(6);
        shop.paid(&DisputeClosed { order_id, amount, won: false, ..Default::default() }).await;
        eventually("all is back", async || shows(OrderPayment::Refunded).await).await;
    }

    async fn an_order_that_loses_its_hold_before_it_is_sent_is_cancelled(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 3);
        let ada = shop.buyer().await;
        let lapse = async |order: &str| {
            let order_id = order.to_owned();
            let amount = pounds(1);
            shop.paid(&PaymentLapsed { order_id, amount, ..Default::default() }).await
        };
        let order = ada.order(&[("A", 1)]).await.unwrap().order_id;
        assert_eq!(lapse(&order).await, Delivery::Settled);
        let cancelled = ada.reaches(&order, OrderState::Cancelled).await;
        assert_eq!(cancelled.payment(), OrderPayment::None);
        assert!(shop.neighbours.is_shipment_cancelled(&order));
        assert_eq!(shop.neighbours.available("A"), 3);
        assert_eq!(shop.events("orders.v1.OrderCancelled", &order).await, 1);

        let sent = ada.order(&[("A", 1)]).await.unwrap().order_id;
        shop.dispatched(&sent).await;
        ada.reaches(&sent, OrderState::Shipped).await;
        assert_eq!(lapse(&sent).await, Delivery::Settled);
        assert_eq!(ada.get(&sent).await.unwrap().state(), OrderState::Shipped);
    }

    async fn what_the_buyer_brings_is_looked_at_before_anything_is_written(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 3);
        let ada = shop.buyer().await;
        let mut lower = basket(&[("A", 2)]);
        lower.expected_total = pounds(1);
        let mut elsewhere = basket(&[("A", 1)]);
        elsewhere.return_url = "https://evil.example/".to_owned();
        for (request, reason_, field) in [
            (paid_with("", &[("A", 1)]), Reason::InvalidField, "paymentToken"),
            (paid_with("4242 4242 4242 4242", &[("A", 1)]), Reason::InvalidField, "paymentToken"),
            (elsewhere, Reason::InvalidField, "returnUrl"),
            (lower, Reason::PriceChanged, "2.00 GBP"),
        ] {
            let refused = ada.place(request, None).await.unwrap_err();
            assert_eq!(reason(&refused), Some(reason_), "{refused}");
            assert!(refused.message().contains(field), "{refused}");
            assert!(!refused.message().contains("4242"), "{refused}");
        }
        assert_eq!(shop.count("orders").await, 0);
        let mut higher = basket(&[("A", 2)]);
        higher.expected_total = pounds(3);
        assert_eq!(ada.place(higher, None).await.unwrap().total, pounds(2));
    }

    async fn an_order_that_is_taken_over_is_billed_where_it_comes_from(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 3);
        let mut request = paid_with("", &[("A", 1)]);
        request.external_reference = "536365".to_owned();
        let order = shop.administrator().await.place(request, None).await.unwrap();
        assert_eq!((order.state(), order.payment()), (OrderState::Confirmed, OrderPayment::None));
        shop.dispatched(&order.order_id).await;
        assert_eq!(shop.neighbours.payment(&order.order_id), None);
        assert_eq!(shop.count("order_tasks").await, 0);
    }
}

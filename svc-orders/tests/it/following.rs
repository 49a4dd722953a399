//! Following shipments.

use bus::Delivery;
use contracts::tradewind::orders::v1::OrderState;
use store::testing::eventually;

use crate::neighbours::Fault;
use crate::shop::Shop;

store::on_both! {
    async fn a_shipment_ships_and_delivers_its_order(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let ada = shop.buyer().await;
        let order = ada.order(&[("A", 1)]).await.unwrap().order_id;
        assert_eq!(shop.dispatched(&order).await, Delivery::Settled);
        assert_eq!(ada.reaches(&order, OrderState::Shipped).await.etag, "3");
        assert_eq!(shop.delivered(&order).await, Delivery::Settled);
        ada.reaches(&order, OrderState::Delivered).await;
        let history = ada.history(&order).await;
        assert_eq!(history[3].actor, "workload:svc-shipping");
        assert_eq!(history[3].old_state(), OrderState::Shipped);
        assert_eq!(shop.events("orders.v1.OrderChanged", &order).await, 3);
    }

    async fn a_delivery_that_comes_before_its_dispatch_ends_delivered(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let ada = shop.buyer().await;
        let order = ada.order(&[("A", 1)]).await.unwrap().order_id;
        for _ in 0..2 {
            assert_eq!(shop.delivered(&order).await, Delivery::Settled);
            assert_eq!(shop.dispatched(&order).await, Delivery::Settled);
        }
        assert_eq!(ada.reaches(&order, OrderState::Delivered).await.etag, "3");
        assert_eq!(ada.history(&order).await.len(), 3);
    }

    async fn a_shipment_of_an_order_that_is_not_there_is_poison(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        let nowhere = uuid::Uuid::from_u128(1).to_string();
        for order in [nowhere.as_str(), "gibberish"] {
            let delivery = shop.dispatched(order).await;
            assert!(matches!(delivery, Delivery::Retry { permanent: true, .. }), "{delivery:?}");
        }
    }

    async fn metrics_tell_where_orders_are_and_how_they_came_there(database: TestDatabase) {
        let shop = Shop::open(&database).await;
        shop.neighbours.sell("A", 100, 10);
        let ada = shop.buyer().await;
        let came = |state: &str| {
            shop.metric("tradewind_order_transitions_total", &[("state", state)])
        };
        assert_eq!(["PENDING", "CONFIRMED", "RETURNED"].map(came), [Some(0.0); 3]);
        let order = ada.order(&[("A", 1)]).await.unwrap().order_id;
        assert_eq!(["PENDING", "CONFIRMED", "SHIPPED"].map(came), [1.0, 1.0, 0.0].map(Some));
        shop.neighbours.fault("CapturePayment", vec![Fault::Away; 100]);
        shop.dispatched(&order).await;
        assert_eq!(came("SHIPPED"), Some(1.0));
        shop.neighbours.fault("ReserveStock", vec![Fault::Away; 100]);
        ada.order(&[("A", 1)]).await.unwrap_err();

        // Whoever starts looks at once.
        let replica = shop.replica(&database).await;
        eventually("what waits is told", async || {
            let orders = replica.metric("tradewind_orders_in_progress", &[("state", "PENDING")]);
            let tasks = replica.metric("tradewind_order_tasks_pending", &[]);
            (orders, tasks) == (Some(1.0), Some(1.0))
        }).await;
        let age = "tradewind_orders_oldest_in_progress_age_seconds";
        assert!(replica.metric(age, &[("state", "PENDING")]).is_some_and(|age| age > 0.0));
        assert_eq!(replica.metric(age, &[("state", "CANCELLING")]), Some(0.0));
        // That it is to be tried again later is no reason to say that nothing is overdue.
        let overdue = replica.metric("tradewind_order_tasks_oldest_overdue_seconds", &[]);
        assert!(overdue.is_some_and(|age| age > 0.0), "{overdue:?}");
    }
}

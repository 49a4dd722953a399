//! Following shipments.

use bus::Delivery;
use contracts::tradewind::orders::v1::OrderState;

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
}

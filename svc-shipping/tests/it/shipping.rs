//! From the confirmation to the door.

use bus::{Delivery, Event};
use contracts::tradewind::shipping::v1::ShipmentState;
use runtime::status::{Reason, reason};
use store::testing::eventually;
use tonic::Code;

use crate::warehouse::Warehouse;

store::on_both! {
    async fn a_confirmed_order_gets_exactly_one_shipment(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        let ada = warehouse.user();
        let order = warehouse.new_id();
        let confirmations = (0..10).map(|_| warehouse.confirmed(order, ada.id));
        for delivery in futures::future::join_all(confirmations).await {
            assert_eq!(delivery, Delivery::Settled);
        }

        let shipments = ada.list().await;
        assert_eq!(shipments.len(), 1);
        let shipment = &shipments[0];
        assert_eq!(shipment.state(), ShipmentState::Preparing);
        assert_eq!((&shipment.order_id, &shipment.user_id), (&order.to_string(), &ada.id.to_string()));
        let items: Vec<_> =
            shipment.items.iter().map(|item| (item.sku.as_str(), item.quantity)).collect();
        assert_eq!(items, [("85123A", 6), ("a mug", 1)]);
        assert_eq!(shipment.items[0].title, "The 85123A");
        assert_eq!(shipment.ship_to.as_ref().unwrap().city, "London");
        assert_eq!(ada.get(&shipment.shipment_id).await.unwrap(), *shipment);
        let created = warehouse.events("shipping.v1.ShipmentCreated", &shipment.shipment_id).await;
        assert_eq!(created, 1);
    }

    async fn a_shipment_is_dispatched_and_delivered_once(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        let (ada, administrator) = (warehouse.user(), warehouse.administrator());
        warehouse.confirmed(warehouse.new_id(), ada.id).await;
        let shipment = ada.list().await.remove(0).shipment_id;

        let refused = administrator.deliver(&shipment).await.unwrap_err();
        assert_eq!(reason(&refused), Some(Reason::InvalidState));

        let dispatches = (0..5).map(|_| administrator.dispatch(&shipment, "RM 1"));
        for dispatched in futures::future::join_all(dispatches).await {
            let dispatched = dispatched.unwrap();
            assert_eq!(dispatched.state(), ShipmentState::Dispatched);
            assert_eq!((dispatched.carrier, dispatched.tracking_number), ("Royal Mail".into(), "RM 1".into()));
        }
        let refused = administrator.dispatch(&shipment, "RM 2").await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert_eq!(refused.message(), "the shipment went with Royal Mail under the number RM 1");

        for _ in 0..2 {
            let delivered = administrator.deliver(&shipment).await.unwrap();
            assert_eq!(delivered.state(), ShipmentState::Delivered);
            assert_eq!(ada.get(&shipment).await.unwrap(), delivered);
        }
        for subject in ["shipping.v1.ShipmentDispatched", "shipping.v1.ShipmentDelivered"] {
            assert_eq!(warehouse.events(subject, &shipment).await, 1);
        }
    }

    async fn users_neither_dispatch_nor_deliver(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        let ada = warehouse.user();
        warehouse.confirmed(warehouse.new_id(), ada.id).await;
        let shipment = ada.list().await.remove(0).shipment_id;
        let refused = ada.dispatch(&shipment, "RM 1").await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        let refused = ada.deliver(&shipment).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }

    async fn a_confirmation_that_makes_no_sense_is_poison(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        for data in [Vec::new(), vec![0xff, 0xff]] {
            let event = warehouse.event("orders.v1.OrderConfirmed", "an order", &());
            let delivery = warehouse.publish(&Event { data: data.into(), ..event }).await;
            assert!(matches!(delivery, Delivery::Retry { permanent: true, .. }), "{delivery:?}");
        }
    }

    async fn metrics_tell_of_shipments_and_of_those_that_wait(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        let (ada, administrator) = (warehouse.user(), warehouse.administrator());
        let came = |state: &str| {
            warehouse.metric("tradewind_shipment_transitions_total", &[("state", state)])
        };
        let states = ["PREPARING", "DISPATCHED", "DELIVERED", "CANCELLED"];
        assert_eq!(states.map(came), [Some(0.0); 4]);
        let cancelled = warehouse.new_id();
        for order in [cancelled, warehouse.new_id(), warehouse.new_id()] {
            warehouse.confirmed(order, ada.id).await;
        }
        // Twice, and where there is no shipment.
        for order in [cancelled, cancelled, warehouse.new_id()] {
            warehouse.cancel(order).await.unwrap();
        }
        let sent = ada.list().await.remove(0).shipment_id;
        for _ in 0..2 {
            administrator.dispatch(&sent, "RM 1").await.unwrap();
        }
        assert_eq!(states.map(came), [3.0, 1.0, 0.0, 1.0].map(Some));

        // Whoever starts looks at once.
        let replica = Warehouse::open(&database).await;
        eventually("what waits is told", async || {
            replica.metric("tradewind_shipments_preparing", &[]) == Some(1.0)
        }).await;
        let age = replica.metric("tradewind_shipments_oldest_preparing_age_seconds", &[]);
        assert!(age.is_some_and(|age| age > 0.0));
    }
}

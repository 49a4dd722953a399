//! Whether an order can still be cancelled.

use contracts::tradewind::shipping::v1::ShipmentState;
use runtime::status::{Reason, reason};
use tonic::Code;

use crate::warehouse::Warehouse;

store::on_both! {
    async fn a_cancelled_shipment_is_never_dispatched(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        let (ada, administrator) = (warehouse.user(), warehouse.administrator());
        let order = warehouse.new_id();
        warehouse.confirmed(order, ada.id).await;
        for _ in 0..2 {
            warehouse.cancel(order).await.unwrap();
        }
        let shipment = ada.list().await.remove(0);
        assert_eq!(shipment.state(), ShipmentState::Cancelled);
        let refused = administrator.dispatch(&shipment.shipment_id, "RM 1").await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert_eq!(reason(&refused), Some(Reason::InvalidState));
    }

    async fn a_dispatched_shipment_is_not_cancelled(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        let (ada, administrator) = (warehouse.user(), warehouse.administrator());
        let order = warehouse.new_id();
        warehouse.confirmed(order, ada.id).await;
        let shipment = ada.list().await.remove(0).shipment_id;
        administrator.dispatch(&shipment, "RM 1").await.unwrap();
        let refused = warehouse.cancel(order).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert_eq!(refused.message(), "a shipment that is DISPATCHED cannot be cancelled");
        administrator.deliver(&shipment).await.unwrap();
        assert_eq!(warehouse.cancel(order).await.unwrap_err().code(), Code::FailedPrecondition);
    }

    async fn a_confirmation_that_comes_after_the_cancellation_ships_nothing(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        let (ada, administrator) = (warehouse.user(), warehouse.administrator());
        let order = warehouse.new_id();
        warehouse.cancel(order).await.unwrap();
        warehouse.confirmed(order, ada.id).await;
        warehouse.cancel(order).await.unwrap();
        assert!(ada.list().await.is_empty());
        assert!(administrator.list().await.is_empty());
    }

    async fn either_the_dispatch_or_the_cancellation_wins(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        let (ada, administrator) = (warehouse.user(), warehouse.administrator());
        for _ in 0..20 {
            let order = warehouse.new_id();
            warehouse.confirmed(order, ada.id).await;
            let shipment = ada.list().await.remove(0).shipment_id;
            let (cancelled, dispatched) =
                tokio::join!(warehouse.cancel(order), administrator.dispatch(&shipment, "RM 1"));
            assert_ne!(cancelled.is_ok(), dispatched.is_ok());
            let expected = match cancelled {
                Ok(()) => ShipmentState::Cancelled,
                Err(_) => ShipmentState::Dispatched,
            };
            assert_eq!(ada.get(&shipment).await.unwrap().state(), expected);
        }
    }

    async fn either_the_confirmation_or_the_cancellation_comes_first(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        let ada = warehouse.user();
        for _ in 0..20 {
            let order = warehouse.new_id();
            let (cancelled, _) =
                tokio::join!(warehouse.cancel(order), warehouse.confirmed(order, ada.id));
            cancelled.unwrap();
        }
        let shipments = ada.list().await;
        assert!(shipments.iter().all(|shipment| shipment.state() == ShipmentState::Cancelled));
    }
}

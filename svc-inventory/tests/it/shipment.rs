//! Units that the carrier has.

use bus::Delivery;
use runtime::status::{Reason, reason};
use tonic::Code;

use crate::fixture::{Warehouse, order};

store::on_both! {
    async fn what_is_dispatched_is_no_longer_on_hand(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        warehouse.adjust("a", 10).await.expect("units came");
        warehouse.adjust("b", 10).await.expect("units came");
        let order = order();
        warehouse.reserve(order, &[("a", 3), ("b", 1)]).await.expect("they suffice");
        warehouse.commit(order).await.expect("it is reserved");
        assert_eq!(warehouse.dispatch(order).await, Delivery::Settled);
        assert_eq!(warehouse.level("a").await, [7, 0, 0, 7]);
        assert_eq!(warehouse.level("b").await, [9, 0, 0, 9]);

        let history = warehouse.history("a", 10).await;
        assert_eq!((history[0].delta, history[0].actor.as_str()), (-3, "workload:svc-shipping"));
        assert!(history[0].reason.contains(&order.to_string()), "{history:?}");
        assert_ne!(history[0].adjustment_id, warehouse.history("b", 10).await[0].adjustment_id);
    }

    async fn an_event_that_comes_again_has_no_further_effect(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        warehouse.adjust("a", 10).await.expect("units came");
        let order = order();
        warehouse.reserve(order, &[("a", 3)]).await.expect("they suffice");
        warehouse.commit(order).await.expect("it is reserved");
        let event = warehouse.dispatched(order);
        for _ in 0..3 {
            assert_eq!(warehouse.publish(&event).await, Delivery::Settled);
        }
        // Under another id neither.
        assert_eq!(warehouse.dispatch(order).await, Delivery::Settled);
        assert_eq!(warehouse.level("a").await, [7, 0, 0, 7]);
        assert_eq!(warehouse.history("a", 10).await.len(), 2);
    }

    async fn what_is_dispatched_is_not_released_but_still_committed(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        warehouse.adjust("a", 10).await.expect("units came");
        let order = order();
        warehouse.reserve(order, &[("a", 3)]).await.expect("they suffice");
        warehouse.commit(order).await.expect("it is reserved");
        warehouse.dispatch(order).await;
        let refused = warehouse.release(order).await.expect_err("the carrier has it");
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert_eq!(reason(&refused), Some(Reason::InvalidState));
        warehouse.commit(order).await.expect("it was");
        assert_eq!(warehouse.level("a").await, [7, 0, 0, 7]);
    }

    async fn a_shipment_of_what_is_not_sold_is_not_believed(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        warehouse.adjust("a", 10).await.expect("units came");
        let (reserved, released) = (order(), order());
        warehouse.reserve(reserved, &[("a", 3)]).await.expect("they suffice");
        warehouse.release(released).await.expect("no error");
        for order in [reserved, released, order()] {
            let delivery = warehouse.dispatch(order).await;
            assert!(matches!(delivery, Delivery::Retry { permanent: true, .. }), "{delivery:?}");
        }
        assert_eq!(warehouse.level("a").await, [10, 3, 0, 7]);
    }
}

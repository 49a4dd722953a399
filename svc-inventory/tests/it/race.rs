//! Many at once.

use std::collections::BTreeSet;

use bus::Bus;
use runtime::status::{Reason, reason};
use uuid::Uuid;

use crate::fixture::{Warehouse, assert_short, order};

store::on_both! {
    async fn of_64_orders_for_the_last_10_units_exactly_10_get_one(database: TestDatabase) {
        let bus = Bus::in_process();
        let replicas = [
            Warehouse::open_on(&database, &bus, |_| {}).await,
            Warehouse::open_on(&database, &bus, |_| {}).await,
        ];
        replicas[0].adjust("a", 10).await.expect("units came");
        let orders = (0..64).map(|place| replicas[place % 2].reserve(ORDERS[place], &[("a", 1)]));
        let reserved = futures::future::join_all(orders).await;
        assert_eq!(reserved.iter().filter(|reserved| reserved.is_ok()).count(), 10);
        for refused in reserved.iter().filter_map(|reserved| reserved.as_ref().err()) {
            assert_short(refused, "a", 1, 0);
        }
        assert_eq!(replicas[0].level("a").await, [10, 10, 0, 0]);
    }

    async fn the_same_order_asked_for_at_once_is_reserved_once(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        warehouse.adjust("a", 10).await.expect("units came");
        let order = order();
        let asked = (0..16).map(|_| warehouse.reserve(order, &[("a", 7)]));
        let reserved = futures::future::join_all(asked).await;
        let first = reserved[0].as_ref().expect("they suffice");
        assert!(reserved.iter().all(|other| other.as_ref().ok() == Some(first)), "{reserved:?}");
        let committed = futures::future::join_all((0..16).map(|_| warehouse.commit(order))).await;
        assert!(committed.iter().all(Result::is_ok), "{committed:?}");
        assert_eq!(warehouse.level("a").await, [10, 0, 7, 3]);
    }

    async fn orders_for_the_same_skus_in_any_order_do_not_lock_each_other_out(
        database: TestDatabase
    ) {
        let warehouse = Warehouse::open(&database).await;
        for sku in ["a", "b", "c", "d"] {
            warehouse.adjust(sku, 1000).await.expect("units came");
        }
        let turns = [
            ["a", "b", "c", "d"], ["d", "c", "b", "a"], ["b", "d", "a", "c"], ["c", "a", "d", "b"],
        ];
        let buy = async |place: usize| {
            let order = ORDERS[place];
            let lines = turns[place % 4].map(|sku| (sku, 1));
            warehouse.reserve(order, &lines).await?;
            warehouse.commit(order).await?;
            if place.is_multiple_of(2) { warehouse.release(order).await } else { Ok(()) }
        };
        let bought = futures::future::join_all((0..64).map(buy)).await;
        assert!(bought.iter().all(Result::is_ok), "{bought:?}");
        for sku in ["a", "b", "c", "d"] {
            assert_eq!(warehouse.level(sku).await, [1000, 0, 32, 968]);
        }
    }

    async fn a_release_and_a_reservation_at_once_leave_nothing_held(database: TestDatabase) {
        let warehouse = Warehouse::open(&database).await;
        warehouse.adjust("a", 1000).await.expect("units came");
        let both = (0..32).map(async |place| {
            let order = ORDERS[place];
            futures::join!(warehouse.reserve(order, &[("a", 1)]), warehouse.release(order))
        });
        for (reserved, released) in futures::future::join_all(both).await {
            released.expect("a release is never refused before the dispatch");
            if let Err(refused) = reserved {
                assert_eq!(reason(&refused), Some(Reason::ReservationExpired), "{refused:?}");
            }
        }
        assert_eq!(warehouse.level("a").await, [1000, 0, 0, 1000]);
    }
}

const ORDERS: [Uuid; 64] = {
    let mut orders = [Uuid::nil(); 64];
    let mut place = 0;
    while place < 64 {
        orders[place] = Uuid::from_u128(place as u128 + 1);
        place += 1;
    }
    orders
};

#[test]
fn the_orders_of_these_tests_are_different_ones() {
    assert_eq!(ORDERS.iter().collect::<BTreeSet<_>>().len(), 64);
}

//! Reservations whose time is over.

use std::time::Duration;

use bus::Bus;
use runtime::status::{Reason, reason};
use store::testing::eventually;
use tonic::Code;

use crate::fixture::{Warehouse, order};

const TTL: Duration = Duration::from_secs(60);

store::on_both! {
    async fn what_nobody_committed_in_time_is_given_back(database: TestDatabase) {
        let warehouse = Warehouse::open_on(&database, &Bus::in_process(), |config| {
            config.expiry.reservation_ttl = TTL;
            config.expiry.expiry_sweep_interval = Duration::from_millis(10);
        }).await;
        warehouse.adjust("a", 10).await.expect("units came");
        let (late, committed, released) = (order(), order(), order());
        for order in [late, committed, released] {
            warehouse.reserve(order, &[("a", 2)]).await.expect("they suffice");
        }
        warehouse.commit(committed).await.expect("in time");
        warehouse.release(released).await.expect("in time");
        warehouse.hands.advance(TTL);

        let given_back = async {
            while warehouse.level("a").await != [10, 0, 2, 8] {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), given_back).await.expect("by the sweep");
        warehouse.commit(committed).await.expect("an allocation does not expire");
        warehouse.release(late).await.expect("nothing is left to release");
        assert_eq!(warehouse.level("a").await, [10, 0, 2, 8]);
    }

    async fn a_commit_that_comes_late_is_refused_also_before_the_sweep(database: TestDatabase) {
        let warehouse = Warehouse::open_on(&database, &Bus::in_process(), |config| {
            config.expiry.reservation_ttl = TTL;
        }).await;
        warehouse.adjust("a", 10).await.expect("units came");
        let (order, late) = (order(), order());
        warehouse.reserve(order, &[("a", 2)]).await.expect("they suffice");
        warehouse.reserve(late, &[("a", 2)]).await.expect("they suffice");
        warehouse.hands.advance(TTL - Duration::from_micros(1));
        warehouse.commit(order).await.expect("a moment before");
        warehouse.hands.advance(Duration::from_micros(1));
        let refused = warehouse.commit(late).await.expect_err("a moment too late");
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert_eq!(reason(&refused), Some(Reason::ReservationExpired));
        let refused = warehouse.reserve(late, &[("a", 2)]).await.expect_err("it had its time");
        assert_eq!(reason(&refused), Some(Reason::ReservationExpired));
    }

    async fn what_one_replica_refused_as_late_another_does_not_sell(database: TestDatabase) {
        let bus = Bus::in_process();
        let short = |config: &mut svc_inventory::Config| config.expiry.reservation_ttl = TTL;
        let ahead = Warehouse::open_on(&database, &bus, short).await;
        let behind = Warehouse::open_on(&database, &bus, short).await;
        ahead.adjust("a", 10).await.expect("units came");
        let (committed, asked_again) = (order(), order());
        for order in [committed, asked_again] {
            behind.reserve(order, &[("a", 2)]).await.expect("they suffice");
        }
        ahead.hands.advance(2 * TTL);
        ahead.commit(committed).await.expect_err("too late");
        ahead.reserve(asked_again, &[("a", 2)]).await.expect_err("too late");
        // By its own clock it would be in time.
        for order in [committed, asked_again] {
            let refused = behind.commit(order).await.expect_err("its order is rejected by now");
            assert_eq!(reason(&refused), Some(Reason::ReservationExpired));
        }
        assert_eq!(ahead.level("a").await, [10, 0, 0, 10]);
    }

    async fn what_is_over_is_not_in_the_way_of_who_wants_it_now(database: TestDatabase) {
        let warehouse = Warehouse::open_on(&database, &Bus::in_process(), |config| {
            config.expiry.reservation_ttl = TTL;
        }).await;
        warehouse.adjust("a", 10).await.expect("units came");
        for _ in 0..5 {
            warehouse.reserve(order(), &[("a", 2)]).await.expect("they suffice");
        }
        warehouse.reserve(order(), &[("a", 1)]).await.expect_err("all is promised");
        warehouse.hands.advance(TTL);
        // No sweep has come by, and yet:
        warehouse.reserve(order(), &[("a", 10)]).await.expect("they are free");
        assert_eq!(warehouse.level("a").await, [10, 10, 0, 0]);
    }

    async fn two_sweepers_give_back_once(database: TestDatabase) {
        let bus = Bus::in_process();
        let sweeping = |config: &mut svc_inventory::Config| {
            config.expiry.reservation_ttl = TTL;
            config.expiry.expiry_sweep_interval = Duration::from_millis(5);
        };
        let one = Warehouse::open_on(&database, &bus, sweeping).await;
        let two = Warehouse::open_on(&database, &bus, sweeping).await;
        one.adjust("a", 40).await.expect("units came");
        one.adjust("b", 40).await.expect("units came");
        for _ in 0..20 {
            one.reserve(order(), &[("a", 1), ("b", 2)]).await.expect("they suffice");
        }
        assert_eq!(one.level("a").await, [40, 20, 0, 20]);
        one.hands.advance(TTL);
        two.hands.advance(TTL);
        let given_back = async {
            while one.level("a").await != [40, 0, 0, 40] || two.level("b").await != [40, 0, 0, 40] {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), given_back).await.expect("by the sweeps");
    }

    async fn metrics_tell_of_reservations_and_of_those_that_are_open(database: TestDatabase) {
        let bus = Bus::in_process();
        let warehouse = Warehouse::open_on(&database, &bus, |config| {
            config.expiry.reservation_ttl = TTL;
            config.expiry.expiry_sweep_interval = Duration::from_millis(10);
        }).await;
        let came = |state: &str| {
            warehouse.metric("tradewind_reservation_transitions_total", &[("state", state)])
        };
        let states = ["RESERVED", "ALLOCATED", "DISPATCHED", "RELEASED", "EXPIRED"];
        assert_eq!(states.map(came), [Some(0.0); 5]);
        warehouse.adjust("a", 10).await.expect("units came");
        let (late, committed, released) = (order(), order(), order());
        for order in [late, late, committed, released] {
            warehouse.reserve(order, &[("a", 2)]).await.expect("they suffice");
        }
        warehouse.commit(committed).await.expect("in time");
        // Once more, and what was never reserved.
        for order in [released, released, order()] {
            warehouse.release(order).await.expect("in time");
        }
        warehouse.hands.advance(TTL);
        eventually("the sweep", async || came("EXPIRED") == Some(1.0)).await;
        warehouse.reserve(order(), &[("a", 2)]).await.expect("they suffice");
        assert_eq!(states.map(came), [4.0, 1.0, 0.0, 1.0, 1.0].map(Some));

        // Whoever starts looks at once.
        let replica = Warehouse::open_on(&database, &bus, |_| {}).await;
        eventually("what is open is told", async || {
            replica.metric("tradewind_reservations_open", &[]) == Some(1.0)
        }).await;
    }
}

//! What holds in the tables whatever happened.

use bus::Bus;
use futures::StreamExt as _;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use store::Database;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::fixture::Warehouse;

const SKUS: [&str; 4] = ["a", "B", "c c", "d"];

/// Something that happens to four SKUs and twelve orders.
#[derive(Clone, Debug)]
enum Happening {
    Adjust(usize, i64),
    Reserve(usize, Vec<(usize, i64)>),
    Commit(usize),
    Release(usize),
    Dispatch(usize),
    Wait,
}

fn happening() -> impl Strategy<Value = Happening> {
    let order = || 0..12_usize;
    let lines = prop::collection::btree_map(0..4_usize, 1..8_i64, 1..4);
    prop_oneof![
        2 => (0..4_usize, -15..30_i64)
            .prop_filter("a change", |(_, delta)| *delta != 0)
            .prop_map(|(sku, delta)| Happening::Adjust(sku, delta)),
        3 => (order(), lines)
            .prop_map(|(order, lines)| Happening::Reserve(order, lines.into_iter().collect())),
        3 => order().prop_map(Happening::Commit),
        1 => order().prop_map(Happening::Release),
        2 => order().prop_map(Happening::Dispatch),
        1 => Just(Happening::Wait),
    ]
}

async fn happen(warehouse: &Warehouse, happening: Happening) -> Result<(), Status> {
    let order_id = |order: usize| Uuid::from_u128(order as u128 + 1);
    match happening {
        Happening::Adjust(sku, delta) => warehouse.adjust(SKUS[sku], delta).await.map(drop),
        Happening::Reserve(order, lines) => {
            let lines: Vec<_> = lines
                .iter()
                .map(|(sku, units)| (SKUS[*sku], *units))
                .collect();
            warehouse.reserve(order_id(order), &lines).await.map(drop)
        }
        Happening::Commit(order) => warehouse.commit(order_id(order)).await.map(drop),
        Happening::Release(order) => warehouse.release(order_id(order)).await,
        Happening::Dispatch(order) => {
            warehouse.dispatch(order_id(order)).await;
            Ok(())
        }
        Happening::Wait => {
            warehouse
                .hands
                .advance(warehouse.config.expiry.reservation_ttl / 3);
            Ok(())
        }
    }
}

/// Compares each SKU's row with what its history and its reservations add up to.
async fn check(database: &Database) {
    let mut tx = database.read().await.expect("the database is there");
    let sql = "SELECT sku, on_hand, reserved, allocated, \
                   (SELECT CAST(coalesce(sum(delta), 0) AS bigint) FROM adjustments \
                    WHERE adjustments.sku = stock.sku), \
                   (SELECT CAST(coalesce(sum(quantity), 0) AS bigint) \
                    FROM reservation_lines AS lines \
                    JOIN reservations ON reservations.order_id = lines.order_id \
                    WHERE lines.sku = stock.sku AND state = 'RESERVED'), \
                   (SELECT CAST(coalesce(sum(quantity), 0) AS bigint) \
                    FROM reservation_lines AS lines \
                    JOIN reservations ON reservations.order_id = lines.order_id \
                    WHERE lines.sku = stock.sku AND state = 'ALLOCATED') \
               FROM stock";
    let rows = store::fetch_all!(tx, (String, i64, i64, i64, i64, i64, i64), sql);
    for (sku, on_hand, reserved, allocated, adjusted, in_reserved, in_allocated) in
        rows.expect("the tables are there")
    {
        assert_eq!(
            on_hand, adjusted,
            "{sku}: its history adds up to what is on hand"
        );
        assert_eq!(reserved, in_reserved, "{sku}: what is reserved");
        assert_eq!(allocated, in_allocated, "{sku}: what is allocated");
        assert!(
            reserved + allocated <= on_hand,
            "{sku}: no more is promised than is on hand"
        );
    }
    // What was dispatched is in the history, once.
    let sql = "SELECT (SELECT CAST(coalesce(sum(quantity), 0) AS bigint) \
                       FROM reservation_lines AS lines \
                       JOIN reservations ON reservations.order_id = lines.order_id \
                       WHERE state = 'DISPATCHED'), \
                      (SELECT CAST(coalesce(-sum(delta), 0) AS bigint) FROM adjustments \
                       WHERE actor = 'workload:svc-shipping')";
    let sums = store::fetch_one!(tx, (i64, i64), sql).expect("the tables are there");
    assert_eq!(sums.0, sums.1, "dispatched");
}

store::on_both! {
    async fn promises_are_kept_whatever_happens_at_once(database: TestDatabase) {
        let warehouse = Warehouse::open_on(&database, &Bus::in_process(), |config| {
            config.expiry.expiry_sweep_interval = std::time::Duration::from_millis(20);
        }).await;
        let tables = database.open(store::migrations!()).await;
        let mut runner = TestRunner::deterministic();
        for _ in 0..6 {
            let happenings = prop::collection::vec(happening(), 50);
            let happenings = happenings.new_tree(&mut runner).expect("no filter is that strict");
            let happenings = happenings.current();
            let happened = futures::stream::iter(happenings.clone())
                .map(|happening| happen(&warehouse, happening))
                .buffer_unordered(8)
                .collect::<Vec<_>>()
                .await;
            for refused in happened.into_iter().filter_map(Result::err) {
                let expected = [Code::FailedPrecondition, Code::NotFound, Code::AlreadyExists];
                assert!(expected.contains(&refused.code()), "{refused:?} in {happenings:?}");
            }
            check(&tables).await;
        }
    }
}

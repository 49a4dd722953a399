//! Orders on Postgres, Redis and NATS, beside pgbench with the same statements.

use std::time::Duration;

use e2e::{
    Mesh,
    shop::{self, Customer},
};

use crate::{Section, load, pgbench};

/// Products that buyers choose from, so that not all wait for the same row.
const PRODUCTS: usize = 100;
const CLIENTS: usize = 32;
const TIME: Duration = Duration::from_secs(15);

pub(crate) async fn measure(mesh: &Mesh) -> Section {
    let (admin, buyer) = (mesh.admin().await, Customer::register(mesh).await);
    let mut orders = Vec::new();
    for _ in 0..PRODUCTS {
        orders.push(shop::order(&[(&shop::product(&admin, 1_000_000).await, 1)]));
    }
    let rests: Vec<_> = mesh.edges.iter().map(|edge| buyer.rest.at(edge)).collect();
    let place = |number: usize| {
        let random = uuid::Uuid::now_v7().as_u128() as usize;
        let (rest, order) = (&rests[number % rests.len()], &orders[random % PRODUCTS]);
        async move { rest.post("/v1/orders", order).await.status == 201 }
    };
    // Connections and plans are made before the clock runs.
    load::closed(CLIENTS, Duration::from_secs(3), place).await;
    let saturated = load::closed(CLIENTS, TIME, place).await;
    let half = load::open(saturated.per_second() / 2.0, TIME, place).await;
    mesh.databases.hold(0).await;
    let bench = pgbench::transactions_per_second(CLIENTS, TIME).await;
    Section {
        title: "Placing orders on Postgres, Redis and NATS",
        about: format!(
            "One line each of {PRODUCTS} products, two replicas of the edge, orders and shipping; every order is\n\
             reserved, committed, confirmed and becomes a shipment. pgbench runs the statements of these steps\n\
             on one database with the same number of clients, in the same run, with nothing else to do."
        ),
        rows: vec![
            (
                format!("orders per second, {CLIENTS} clients"),
                format!("{:.0}", saturated.per_second()),
            ),
            (
                "pgbench, the same statements, per second".into(),
                format!("{bench:.0}"),
            ),
            (
                "share".into(),
                format!("{:.0} %", 100.0 * saturated.per_second() / bench),
            ),
            (
                "p50 at half of saturation".into(),
                format!("{:.1} ms", half.quantile(0.5)),
            ),
            (
                "p99 at half of saturation".into(),
                format!("{:.1} ms", half.quantile(0.99)),
            ),
            (
                "failed".into(),
                format!("{}", saturated.failed + half.failed),
            ),
        ],
    }
}

//! How fast `tradewind up` is there, and how much memory it takes.

use std::time::Duration;

use e2e::{
    Mesh,
    shop::{self, Customer},
};
use tokio::time::Instant;

use crate::{Section, load};

const STARTS: usize = 5;

pub(crate) async fn measure() -> Section {
    let mut starts = Vec::new();
    let mut mesh = Mesh::embedded().await;
    let fresh = load::memory(mesh.process("tradewind").id());
    for _ in 0..STARTS {
        mesh.stop("tradewind").await;
        let start = Instant::now();
        mesh.restart().await;
        starts.push(start.elapsed());
    }
    starts.sort();

    let (admin, buyer) = (mesh.admin().await, Customer::register(&mesh).await);
    let sku = shop::product(&admin, 1_000_000).await;
    let order = shop::order(&[(&sku, 1)]);
    let run = load::closed(16, Duration::from_secs(5), |_| async {
        buyer.rest.post("/v1/orders", &order).await.status == 201
    })
    .await;
    let loaded = load::memory(mesh.process("tradewind").id());
    Section {
        title: "tradewind up, embedded",
        about: "The edge and six services in one process on SQLite with synchronous writes.".into(),
        rows: vec![
            (
                "ready, from the start of the process (median)".into(),
                format!("{:.2} s", starts[STARTS / 2].as_secs_f64()),
            ),
            (
                "resident memory when ready".into(),
                format!("{fresh:.0} MiB"),
            ),
            (
                format!("resident memory after {} orders", run.count()),
                format!("{loaded:.0} MiB"),
            ),
            (
                "orders per second, 16 clients".into(),
                format!("{:.0}", run.per_second()),
            ),
        ],
    }
}

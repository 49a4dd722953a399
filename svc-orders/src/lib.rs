//! Orders: placed, confirmed, cancelled, followed to the door.

mod cache;
mod callees;
mod domain;
mod error;
mod events;
mod grpc;
mod progress;
mod recovery;
mod store;
mod watchers;

use std::time::Duration;

use ::store::{CacheConfig, Database, DatabaseConfig, Idempotency, Outbox};
use bus::BroadcastItem;
use contracts::Event as _;
use contracts::tradewind::orders::v1::OrderChanged;
use contracts::tradewind::orders::v1::orders_service_server::OrdersServiceServer;
use futures::StreamExt as _;
use net::StartError;
use runtime::node::Node;
use runtime::service::Service;
use tokio_util::sync::CancellationToken;

use crate::cache::OrderCache;
use crate::callees::Callees;
use crate::grpc::Orders;
use crate::progress::Progress;
use crate::recovery::Recovery;
use crate::watchers::Watchers;

/// What svc-orders is told at its start.
#[derive(clap::Args, Clone, Debug)]
pub struct Config {
    /// Its database.
    #[command(flatten)]
    pub database: DatabaseConfig,
    /// Its cache.
    #[command(flatten)]
    pub cache: CacheConfig,
    /// An order that is not done after this time is taken up by the recovery of any replica.
    /// Longer than callers wait.
    #[arg(
        long,
        env = "RECOVERY_LEASE",
        default_value = "30s",
        value_parser = net::process::duration
    )]
    pub recovery_lease: Duration,
}

impl ::store::Stored for Config {
    fn database(&mut self) -> &mut ::store::DatabaseConfig {
        &mut self.database
    }

    fn cache(&mut self) -> Option<&mut ::store::CacheConfig> {
        Some(&mut self.cache)
    }
}

/// Builds the service: its server, its recovery, its consumers.
pub async fn build(config: Config, node: &Node) -> Result<Service, StartError> {
    let lease = config.recovery_lease;
    let migrations = ::store::migrations!("migrations");
    let db = Database::open(&config.database, node, migrations).await?;
    let outbox = Outbox::new(&db, node);
    let cache = OrderCache::open(&config.cache, node)?;
    let callees = Callees::new(node);
    let watchers = Watchers::default();
    let progress = Progress::new(
        node,
        db.clone(),
        outbox.clone(),
        callees.clone(),
        cache.clone(),
        lease,
    );

    let recovery = Recovery {
        db: db.clone(),
        clock: node.clock.clone(),
        progress: progress.clone(),
        lease,
    };
    node.tasks
        .spawn("recovery", |shutdown| recovery.run(shutdown));
    let (listener, waiting) = (node.clone(), watchers.clone());
    node.tasks
        .spawn("news", |shutdown| hear(listener, waiting, shutdown));
    follow_shipments(node, &db, outbox);

    let orders = Orders {
        db: db.clone(),
        idempotency: Idempotency::new(&db, node),
        cache,
        callees,
        progress,
        watchers,
        clock: node.clock.clone(),
        random: node.random.clone(),
        lease,
    };
    Ok(Service::new(node).with(OrdersServiceServer::new(orders)))
}

/// Wakes those who watch an order at every change of it, whichever replica made it.
async fn hear(node: Node, watchers: Watchers, shutdown: CancellationToken) {
    let mut news = node.bus.broadcast(&[OrderChanged::SUBJECT]);
    while let Some(Some(item)) = shutdown.run_until_cancelled(news.next()).await {
        match item {
            BroadcastItem::Event(event) => {
                if let Ok(order) = event.aggregate_id.parse() {
                    watchers.wake(order);
                }
            }
            BroadcastItem::Gap => watchers.wake_all(),
        }
    }
    shutdown.cancelled().await;
}

fn follow_shipments(node: &Node, db: &Database, outbox: Outbox) {
    let clock = node.clock.clone();
    ::store::consume(node, db, node.name, events::CONSUMED, move |tx, event| {
        let (outbox, now) = (outbox.clone(), clock.now());
        Box::pin(async move { events::follow_shipment(tx, &outbox, &event, now).await })
    });
}

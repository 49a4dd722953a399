//! Orders: placed, confirmed, cancelled, followed to the door.

pub mod audit;
mod cache;
mod callees;
mod capture;
mod convert;
#[doc(hidden)] // for the model of the saga in e2e/
pub mod domain;
mod error;
mod events;
mod grpc;
mod history;
mod progress;
mod recovery;
mod service;
mod store;
mod terms;
mod waiting;
mod watchers;

use std::time::Duration;

use ::store::{CacheConfig, Database, DatabaseConfig};
use contracts::tradewind::orders::v1::orders_service_server::OrdersServiceServer;
use net::StartError;
use runtime::node::Node;
use runtime::service::Service;

use crate::audit::AuditKey;
use crate::cache::OrderCache;
use crate::domain::history::Signer;
use crate::service::Orders;
use crate::waiting::Waiting;

pub use crate::terms::{Origin, Payments, Terms};

/// What svc-orders is told at its start.
#[derive(clap::Args, Clone, Debug)]
pub struct Config {
    /// Its database.
    #[command(flatten)]
    pub database: DatabaseConfig,
    /// Its cache.
    #[command(flatten)]
    pub cache: CacheConfig,
    /// What signs the histories.
    #[command(flatten)]
    pub audit: AuditKey,
    /// An order that is not done after this time is taken up by the recovery of any replica.
    /// Longer than callers wait.
    #[arg(
        long,
        env = "RECOVERY_LEASE",
        default_value = "30s",
        value_parser = net::process::duration
    )]
    pub recovery_lease: Duration,
    /// How the shop takes money.
    #[command(flatten)]
    pub terms: Terms,
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
    let signer = signer(&config.audit, node)?;
    let db = Database::open(&config.database, node, ::store::migrations!()).await?;
    let cache = OrderCache::open(&config.cache, node)?;
    ::store::measure::start(node, "orders-measure", &db, Waiting::new(node));
    let orders = Orders::new(db, cache, signer, config.recovery_lease, config.terms, node);

    let (recovered, name) = (orders.clone(), node.name);
    node.tasks.spawn("recovery", move |shutdown| {
        recovery::run(recovered, name, shutdown)
    });
    let (watchers, bus) = (orders.watchers.clone(), node.bus.clone());
    node.tasks
        .spawn("news", |shutdown| watchers.follow(bus, shutdown));
    let chained = orders.clone();
    node.tasks
        .spawn("histories", |shutdown| history::run(chained, shutdown));
    events::consume(&orders, node);
    history::consume(&orders, node);
    Ok(Service::new(node).with(OrdersServiceServer::new(orders)))
}

fn signer(audit: &AuditKey, node: &Node) -> Result<Signer, StartError> {
    let key = audit.read().map_err(StartError::config)?;
    let key = key.ok_or_else(|| {
        StartError::config(
            "AUDIT_SIGNING_KEY or AUDIT_SIGNING_KEY_FILE must be given, such as `openssl rand -base64 32` prints",
        )
    })?;
    tracing::info!(public_key = %key.public(), "histories are signed");
    Ok(Signer::new(&key, node.random.clone()))
}

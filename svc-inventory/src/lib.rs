//! svc-inventory: what is in stock, and what of it is promised (`tradewind.inventory.v1`).

mod cached;
mod convert;
#[doc(hidden)] // for the model of the saga in e2e/
pub mod domain;
mod error;
mod events;
mod expiry;
mod grpc;
mod service;
mod store;
mod waiting;

use std::time::Duration;

use ::store::{Cache, CacheConfig, Database, DatabaseConfig};
use chrono::TimeDelta;
use contracts::tradewind::inventory::v1::inventory_service_server::InventoryServiceServer;
use net::StartError;
use net::process::duration;
use runtime::node::Node;
use runtime::service::Service;

use crate::service::Inventory;
use crate::waiting::Waiting;

/// Flags and environment of the inventory: stock by SKU, reservations by order.
#[derive(Clone, Debug, clap::Args)]
pub struct Config {
    /// Its database.
    #[command(flatten)]
    pub database: DatabaseConfig,
    /// Its cache.
    #[command(flatten)]
    pub cache: CacheConfig,
    /// How long reservations last.
    #[command(flatten)]
    pub expiry: ExpiryConfig,
}

/// How long reservations last.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct ExpiryConfig {
    /// For how long units are held back for an order that is not confirmed.
    #[arg(long, env = "RESERVATION_TTL", default_value = "15m", value_parser = duration)]
    pub reservation_ttl: Duration,
    /// The pause between two looks for reservations whose time is over.
    #[arg(long, env = "EXPIRY_SWEEP_INTERVAL", default_value = "1s", value_parser = duration)]
    pub expiry_sweep_interval: Duration,
}

impl Config {
    /// With these stores and the defaults for the rest.
    #[must_use]
    pub fn new(database: DatabaseConfig, cache: CacheConfig) -> Self {
        Self {
            database,
            cache,
            expiry: net::process::arguments::defaults(),
        }
    }
}

impl ::store::Stored for Config {
    fn database(&mut self) -> &mut ::store::DatabaseConfig {
        &mut self.database
    }

    fn cache(&mut self) -> Option<&mut ::store::CacheConfig> {
        Some(&mut self.cache)
    }
}

/// The inventory, ready to be served.
///
/// # Errors
/// When the configuration is wrong or the migrations do not fit the database.
pub async fn build(config: Config, node: &Node) -> Result<Service, StartError> {
    let hold_for = TimeDelta::from_std(config.expiry.reservation_ttl)
        .map_err(|_| StartError::config("RESERVATION_TTL is too long"))?;
    let db = Database::open(&config.database, node, ::store::migrations!()).await?;
    ::store::measure::start(node, "inventory-measure", &db, Waiting::new(node));
    let cache = Cache::open(&config.cache, node.name)?;
    let inventory = Inventory::new(db, cache, hold_for, node);
    events::consume(&inventory, node);
    let (sweeper, every) = (inventory.clone(), config.expiry.expiry_sweep_interval);
    node.tasks.spawn("expiry-sweep", move |shutdown| {
        expiry::sweep(sweeper, every, shutdown)
    });
    Ok(Service::new(node).with(InventoryServiceServer::new(inventory)))
}

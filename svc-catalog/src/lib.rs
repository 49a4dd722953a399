//! svc-catalog: what is sold, and at which price (`tradewind.catalog.v1`).

mod cached;
mod convert;
mod domain;
mod error;
mod events;
mod grpc;
mod service;
mod store;

use ::store::{Cache, CacheConfig, Database, DatabaseConfig};
use contracts::tradewind::catalog::v1::catalog_service_server::CatalogServiceServer;
use net::StartError;
use runtime::node::Node;
use runtime::service::Service;

use crate::service::Catalog;

/// Flags and environment of the catalogue: products and their prices.
#[derive(Clone, Debug, clap::Args)]
pub struct Config {
    /// Its database.
    #[command(flatten)]
    pub database: DatabaseConfig,
    /// Its cache.
    #[command(flatten)]
    pub cache: CacheConfig,
}

impl ::store::Stored for Config {
    fn database(&mut self) -> &mut ::store::DatabaseConfig {
        &mut self.database
    }

    fn cache(&mut self) -> Option<&mut ::store::CacheConfig> {
        Some(&mut self.cache)
    }
}

impl Config {
    /// With these stores.
    #[must_use]
    pub fn new(database: DatabaseConfig, cache: CacheConfig) -> Self {
        Self { database, cache }
    }
}

/// The catalogue, ready to be served.
///
/// # Errors
/// When the configuration is wrong or the migrations do not fit the database.
pub async fn build(config: Config, node: &Node) -> Result<Service, StartError> {
    let db = Database::open(&config.database, node, ::store::migrations!()).await?;
    store::products::make_words(&db)
        .await
        .map_err(StartError::other)?;
    let cache = Cache::open(&config.cache, node.name)?;
    let catalog = Catalog::new(db, cache, node);
    Ok(Service::new(node).with(CatalogServiceServer::new(catalog)))
}

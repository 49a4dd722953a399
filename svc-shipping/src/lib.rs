//! Shipments: exactly one for each confirmed order, until they arrive.

mod convert;
#[doc(hidden)] // for the model of the saga in e2e/
pub mod domain;
mod error;
mod events;
mod grpc;
mod service;
mod store;
mod waiting;

use ::store::{Database, DatabaseConfig};
use contracts::tradewind::shipping::v1::shipping_service_server::ShippingServiceServer;
use net::StartError;
use runtime::node::Node;
use runtime::service::Service;

use crate::service::Shipping;
use crate::waiting::Waiting;

/// What svc-shipping is told at its start.
#[derive(clap::Args, Clone, Debug)]
pub struct Config {
    /// Its database.
    #[command(flatten)]
    pub database: DatabaseConfig,
}

impl ::store::Stored for Config {
    fn database(&mut self) -> &mut ::store::DatabaseConfig {
        &mut self.database
    }
}

/// Builds the service: its server, and the consumer that makes shipments.
pub async fn build(config: Config, node: &Node) -> Result<Service, StartError> {
    let db = Database::open(&config.database, node, ::store::migrations!()).await?;
    ::store::measure::start(node, "shipping-measure", &db, Waiting::new(node));
    let shipping = Shipping::new(db, node);
    events::consume(&shipping, node);
    Ok(Service::new(node).with(ShippingServiceServer::new(shipping)))
}

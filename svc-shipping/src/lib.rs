//! Shipments: exactly one for each confirmed order, until they arrive.

mod domain;
mod error;
mod events;
mod grpc;
mod store;

use ::store::{Database, DatabaseConfig, Outbox};
use contracts::tradewind::shipping::v1::shipping_service_server::ShippingServiceServer;
use net::StartError;
use runtime::node::Node;
use runtime::service::Service;

use crate::grpc::Shipping;

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
    let db = Database::open(&config.database, node, ::store::migrations!("migrations")).await?;
    let outbox = Outbox::new(&db, node);
    make_shipments(node, &db, outbox.clone());
    let shipping = Shipping {
        db,
        outbox,
        clock: node.clock.clone(),
        random: node.random.clone(),
    };
    Ok(Service::new(node).with(ShippingServiceServer::new(shipping)))
}

fn make_shipments(node: &Node, db: &Database, outbox: Outbox) {
    let (clock, random) = (node.clock.clone(), node.random.clone());
    ::store::consume(
        node,
        db,
        node.name,
        &[events::CONSUMED],
        move |tx, event| {
            let (outbox, id, now) = (outbox.clone(), random.uuid7(&clock), clock.now());
            Box::pin(async move { events::ship(tx, &outbox, &event, id, now).await })
        },
    );
}

//! svc-payments: money held for orders, taken and given back (`tradewind.payments.v1`).

#[doc(hidden)]
pub mod domain;
mod grpc;
#[allow(dead_code, reason = "nothing drives a provider yet")]
mod provider;
mod service;

use std::time::Duration;

use ::store::{Database, DatabaseConfig};
use contracts::tradewind::payments::v1::payments_service_server::PaymentsServiceServer;
use contracts::tradewind::payments::v1::sandbox_service_server::SandboxServiceServer;
use net::StartError;
use runtime::node::Node;
use runtime::service::Service;

pub use crate::provider::ProviderName;
use crate::service::Payments;

/// What svc-payments is told at its start.
#[derive(clap::Args, Clone, Debug)]
pub struct Config {
    /// Its database.
    #[command(flatten)]
    pub database: DatabaseConfig,
    /// Who holds the money.
    #[arg(long, env = "PAYMENTS_PROVIDER", value_enum, default_value = "sandbox")]
    pub payments_provider: ProviderName,
    /// For how long one call of the provider is waited for. What is not answered by then is asked
    /// for again.
    #[arg(
        long,
        env = "PAYMENTS_PROVIDER_TIMEOUT",
        default_value = "10s",
        value_parser = net::process::duration
    )]
    pub payments_provider_timeout: Duration,
}

impl ::store::Stored for Config {
    fn database(&mut self) -> &mut DatabaseConfig {
        &mut self.database
    }
}

/// The payments, ready to be served.
///
/// # Errors
/// When the configuration is wrong or the migrations do not fit the database.
pub async fn build(config: Config, node: &Node) -> Result<Service, StartError> {
    let db = Database::open(&config.database, node, ::store::migrations!()).await?;
    let payments = Payments::new(db);
    Ok(Service::new(node)
        .with(PaymentsServiceServer::new(payments.clone()))
        .with(SandboxServiceServer::new(payments)))
}

//! svc-payments: money held for orders, taken and given back (`tradewind.payments.v1`).

mod convert;
mod crash;
#[doc(hidden)]
pub mod domain;
mod driver;
mod error;
mod events;
mod grpc;
mod hints;
mod metrics;
mod provider;
mod service;
mod store;
#[cfg(feature = "testing")]
pub mod testing;

use std::sync::Arc;
use std::time::Duration;

use ::store::upkeep::Kept;
use ::store::{Database, DatabaseConfig};
use contracts::tradewind::payments::v1::payments_service_server::PaymentsServiceServer;
use contracts::tradewind::payments::v1::sandbox_service_server::SandboxServiceServer;
use net::StartError;
use runtime::node::Node;
use runtime::seal::EncryptionKey;
use runtime::service::Service;
use secrecy::{ExposeSecret as _, SecretString};

#[doc(hidden)]
pub use crate::crash::{Crash, Point};
use crate::grpc::sandbox::Pages;
use crate::metrics::Waiting;
use crate::provider::sandbox::{self, Sandbox};
use crate::provider::{Provider, Stripe};
pub use crate::provider::{ProviderName, StripeConfig};
use crate::service::{Parts, Payments};
use crate::store::{due, provider_events};

/// The name of the service, which its key belongs to.
pub const NAME: &str = "svc-payments";

/// What svc-payments is told at its start.
#[derive(clap::Args, Clone, Debug)]
pub struct Config {
    /// Its database.
    #[command(flatten)]
    pub database: DatabaseConfig,
    /// The key under which tokens of means of payment are stored until they were used: 32 bytes in
    /// base64, the same for all replicas (`openssl rand -base64 32`).
    #[arg(long, env = "PAYMENT_TOKEN_ENCRYPTION_KEY", hide_env_values = true)]
    pub payment_token_encryption_key: SecretString,
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
    /// Stripe, where it is the one.
    #[command(flatten)]
    pub stripe: StripeConfig,
    /// A payment that nobody has worked on for this time is taken up by any replica. Longer than a
    /// provider is waited for.
    #[arg(
        long,
        env = "PAYMENTS_LEASE",
        default_value = "30s",
        value_parser = net::process::duration
    )]
    pub payments_lease: Duration,
    /// How long events of the provider are remembered, and of the sandbox what nobody needs any more.
    #[arg(
        long,
        env = "PROVIDER_EVENTS_KEPT",
        default_value = "90d",
        value_parser = net::process::duration
    )]
    pub provider_events_kept: Duration,
    /// Where tests have it crash.
    #[doc(hidden)]
    #[arg(skip)]
    pub crash: Crash,
    /// What is between it and its provider in a test.
    #[cfg(feature = "testing")]
    #[doc(hidden)]
    #[arg(skip)]
    pub network: testing::Network,
}

impl ::store::Stored for Config {
    fn database(&mut self) -> &mut DatabaseConfig {
        &mut self.database
    }
}

impl Config {
    /// Defaults, with the sandbox.
    #[must_use]
    pub fn sandbox(database: DatabaseConfig, key: &EncryptionKey) -> Self {
        Self {
            database,
            payment_token_encryption_key: key.to_base64(),
            payments_provider: ProviderName::Sandbox,
            payments_provider_timeout: Duration::from_secs(10),
            stripe: StripeConfig::default(),
            payments_lease: Duration::from_secs(30),
            provider_events_kept: Duration::from_secs(90 * 24 * 3600),
            crash: Crash::default(),
            #[cfg(feature = "testing")]
            network: testing::Network::default(),
        }
    }

    fn key(&self) -> Result<EncryptionKey, StartError> {
        EncryptionKey::from_base64(NAME, self.payment_token_encryption_key.expose_secret())
            .map_err(|error| StartError::config(format!("PAYMENT_TOKEN_ENCRYPTION_KEY: {error}")))
    }
}

/// Payments that are held elsewhere would be asked of a provider that knows nothing of them.
async fn refuse_others(db: &Database, provider: &str) -> Result<(), StartError> {
    let others = async { due::elsewhere(&mut db.read().await?, provider).await };
    let others = others.await.map_err(StartError::other)?;
    if others.is_empty() {
        return Ok(());
    }
    let told = others.iter().map(|(other, count)| {
        format!(
            "payments that {other} holds and that are not at their end: {count}. PAYMENTS_PROVIDER is \
             {provider}, which knows nothing of them: start with {other} until they are, and change \
             the provider then"
        )
    });
    Err(StartError::other(told.collect::<Vec<_>>().join("\n")))
}

/// Has removed what is kept for a time only; the sandbox's too, if it was the provider once.
fn upkeep(node: &Node, db: &Database, time: Duration) {
    let statements = [provider_events::REMOVE_OLD]
        .into_iter()
        .chain(sandbox::REMOVE_OLD);
    let kept = statements.map(|remove| Kept { remove, time });
    ::store::upkeep::start(node, "payments-upkeep", db, kept.collect());
}

/// The payments, ready to be served, and what drives them.
///
/// # Errors
/// When the configuration is wrong or the migrations do not fit the database.
pub async fn build(config: Config, node: &Node) -> Result<Service, StartError> {
    let key = config.key()?;
    let db = Database::open(&config.database, node, ::store::migrations!()).await?;
    let (clock, random) = (node.clock.clone(), node.random.clone());
    let (provider, sandbox): (Arc<dyn Provider>, _) = match config.payments_provider {
        ProviderName::Sandbox => {
            let sandbox = Sandbox::new(db.clone(), &key, clock, random);
            (Arc::new(sandbox.clone()), Some(sandbox))
        }
        ProviderName::Stripe => {
            let stripe = Stripe::new(&config.stripe, config.payments_provider_timeout)?;
            (Arc::new(stripe), None)
        }
    };
    #[cfg(feature = "testing")]
    let provider = config.network.to(provider);
    refuse_others(&db, provider.name()).await?;
    let parts = Parts {
        db,
        provider,
        key,
        lease: config.payments_lease,
        patience: config.payments_provider_timeout,
        crash: config.crash,
    };
    upkeep(node, &parts.db, config.provider_events_kept);
    ::store::measure::start(node, "payments-measure", &parts.db, Waiting::new(node));
    let payments = Payments::new(parts, node);
    let driven = payments.clone();
    node.tasks
        .spawn("driver", |shutdown| driver::run(driven, shutdown));
    if let Some(sandbox) = sandbox.clone() {
        let told = payments.clone();
        node.tasks.spawn("sandbox", |shutdown| {
            sandbox::delivery::run(sandbox, told, shutdown)
        });
    }
    Ok(Service::new(node)
        .with(PaymentsServiceServer::new(payments))
        .with(SandboxServiceServer::new(Pages(sandbox))))
}

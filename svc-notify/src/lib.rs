//! svc-notify: tells those outside of what happens in the shop (`tradewind.notify.v1`).

mod analytics;
mod convert;
mod crash;
mod domain;
mod error;
mod event_types;
mod events;
mod grpc;
mod mail;
mod metrics;
mod payload;
mod sender;
mod service;
mod store;
mod target;
mod worker;

use std::time::Duration;

use ::store::upkeep::Kept;
use ::store::{Database, DatabaseConfig};
use contracts::tradewind::notify::v1::messages_service_server::MessagesServiceServer;
use contracts::tradewind::notify::v1::webhooks_service_server::WebhooksServiceServer;
use net::StartError;
use runtime::node::Node;
use runtime::seal::EncryptionKey;
use runtime::service::Service;
use secrecy::{ExposeSecret as _, SecretString};

use crate::analytics::Analytics;
pub use crate::analytics::AnalyticsConfig;
#[doc(hidden)]
pub use crate::crash::{Crash, Point};
pub use crate::domain::Network;
pub use crate::domain::mail::Language as MailLanguage;
use crate::mail::Mail;
pub use crate::mail::MailConfig;
use crate::metrics::Waiting;
use crate::sender::Sender;
use crate::service::Notify;
use crate::store::{deliveries, webhooks};
#[doc(hidden)]
pub use crate::target::Names;
pub use crate::target::Ports;
use crate::target::Targets;
use crate::worker::{Limits, Worker};

/// The name of the service, which its key belongs to.
pub const NAME: &str = "svc-notify";

/// What svc-notify is told at its start.
#[derive(clap::Args, Clone, Debug)]
pub struct Config {
    /// Its database.
    #[command(flatten)]
    pub database: DatabaseConfig,
    /// The key under which the secrets of webhooks are stored, and by which addresses are known again
    /// that mails cannot be sent to: 32 bytes in base64, the same for all replicas (`openssl rand -base64 32`).
    #[arg(long, env = "WEBHOOK_SECRET_ENCRYPTION_KEY", hide_env_values = true)]
    pub webhook_secret_encryption_key: SecretString,
    /// Where webhooks may lead, and how they are sent.
    #[command(flatten)]
    pub webhooks: WebhookConfig,
    /// Who takes mails, and what is said of them.
    #[command(flatten)]
    pub mail: MailConfig,
    /// Who is sent all that happens.
    #[command(flatten)]
    pub analytics: AnalyticsConfig,
    /// Where tests have it crash.
    #[doc(hidden)]
    #[arg(skip)]
    pub crash: Crash,
    /// How a test has names looked up.
    #[doc(hidden)]
    #[arg(skip)]
    pub names: Names,
}

/// Where webhooks may lead, and how they are sent.
#[derive(clap::Args, Clone, Debug)]
pub struct WebhookConfig {
    /// Webhooks may be sent by http, too: for development, as anybody on the way can read and change
    /// them.
    #[arg(
        long,
        env = "WEBHOOK_ALLOW_HTTP",
        value_name = "BOOL",
        default_value_t = false,
        action = clap::ArgAction::Set
    )]
    pub webhook_allow_http: bool,
    /// Networks that webhooks may lead into although not everybody can reach them, such as
    /// 10.20.0.0/16: for receivers of one's own.
    #[arg(long, env = "WEBHOOK_ALLOWED_NETWORKS", value_delimiter = ',')]
    pub webhook_allowed_networks: Vec<Network>,
    /// Ports that webhooks may lead to, or `any`.
    #[arg(long, env = "WEBHOOK_PORTS", default_value = "443")]
    pub webhook_ports: Ports,
    /// For how long one attempt may last, from looking up the name to the last byte of the answer.
    #[arg(
        long,
        env = "WEBHOOK_TIMEOUT",
        default_value = "5s",
        value_parser = net::process::duration
    )]
    pub webhook_timeout: Duration,
    /// A delivery of which nothing was heard for this time is sent again by any replica. Longer than
    /// an attempt may last.
    #[arg(
        long,
        env = "WEBHOOK_LEASE",
        default_value = "30s",
        value_parser = net::process::duration
    )]
    pub webhook_lease: Duration,
    /// How many events are sent at once by a replica.
    #[arg(long, env = "WEBHOOK_CONCURRENCY", default_value = "256")]
    pub webhook_concurrency: usize,
    /// How many of them to one webhook; to one of which nothing but failures came, it is one.
    #[arg(long, env = "WEBHOOK_CONCURRENCY_EACH", default_value = "8")]
    pub webhook_concurrency_each: usize,
    /// For how long deliveries are kept that came to their end, and what was answered.
    #[arg(
        long,
        env = "WEBHOOK_DELIVERIES_KEPT",
        default_value = "30d",
        value_parser = net::process::duration
    )]
    pub webhook_deliveries_kept: Duration,
}

impl ::store::Stored for Config {
    fn database(&mut self) -> &mut DatabaseConfig {
        &mut self.database
    }
}

impl Config {
    /// Defaults, with this key.
    #[must_use]
    pub fn new(database: DatabaseConfig, key: &EncryptionKey) -> Self {
        Self {
            database,
            webhook_secret_encryption_key: key.to_base64(),
            webhooks: net::process::arguments::defaults(),
            mail: MailConfig::default(),
            analytics: AnalyticsConfig::default(),
            crash: Crash::default(),
            names: Names::default(),
        }
    }

    fn key(&self) -> Result<EncryptionKey, StartError> {
        EncryptionKey::from_base64(NAME, self.webhook_secret_encryption_key.expose_secret())
            .map_err(|error| StartError::config(format!("WEBHOOK_SECRET_ENCRYPTION_KEY: {error}")))
    }
}

impl WebhookConfig {
    fn limits(&self) -> Result<Limits, StartError> {
        if self.webhook_lease <= self.webhook_timeout {
            let wrong = "WEBHOOK_LEASE must be longer than WEBHOOK_TIMEOUT";
            return Err(StartError::config(wrong.to_owned()));
        }
        if self.webhook_concurrency == 0 || self.webhook_concurrency_each == 0 {
            let wrong = "WEBHOOK_CONCURRENCY and WEBHOOK_CONCURRENCY_EACH must be at least 1";
            return Err(StartError::config(wrong.to_owned()));
        }
        Ok(Limits {
            total: self.webhook_concurrency,
            each: self.webhook_concurrency_each,
            lease: self.webhook_lease,
        })
    }
}

/// Has removed what is kept for a time only: of a webhook that was deleted, the webhook last.
fn upkeep(node: &Node, db: &Database, time: Duration) {
    let statements = [deliveries::REMOVE_OLD, webhooks::REMOVE_OLD];
    let kept = statements.map(|remove| Kept { remove, time });
    ::store::upkeep::start(node, "notify-upkeep", db, kept.into());
}

/// The service, ready to be served, and what sends.
///
/// # Errors
/// When the configuration is wrong or the migrations do not fit the database.
pub async fn build(config: Config, node: &Node) -> Result<Service, StartError> {
    let (key, limits) = (config.key()?, config.webhooks.limits()?);
    let webhooks = config.webhooks;
    let targets = Targets {
        allow_http: webhooks.webhook_allow_http,
        ports: webhooks.webhook_ports,
        allowed_networks: webhooks.webhook_allowed_networks,
        names: config.names,
    };
    let sender = Sender::new(
        targets.clone(),
        webhooks.webhook_timeout,
        limits.each,
        node.clock.clone(),
    );
    let sender = sender.map_err(StartError::config)?;
    let db = Database::open(&config.database, node, ::store::migrations!()).await?;
    upkeep(node, &db, webhooks.webhook_deliveries_kept);
    ::store::measure::start(node, "notify-measure", &db, Waiting::new(node));
    let mail = Mail::new(&config.mail, &db, &key, node)?;
    mail.start(&config.mail, node);
    let analytics = Analytics::start(&config.analytics, &db, node)?;
    let notify = Notify::new(db, key, targets, node);
    events::consume(&notify, &analytics, &mail, node);
    let worker = Worker {
        notify: notify.clone(),
        sender,
        limits,
        crash: config.crash,
    };
    node.tasks
        .spawn("webhooks", |shutdown| worker.run(shutdown));
    Ok(Service::new(node)
        .with(WebhooksServiceServer::new(notify))
        .with(MessagesServiceServer::new(mail)))
}

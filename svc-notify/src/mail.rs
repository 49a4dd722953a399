//! Mails: heard of as events, written down with them, sent later.

mod addresses;
mod callees;
mod compose;
mod config;
pub(crate) mod events;
mod metrics;
pub(crate) mod templates;
mod transport;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use ::store::upkeep::Kept;
use ::store::{Database, Idempotency};
use chrono::TimeDelta;
use lettre::message::Mailbox;
use net::StartError;
use net::clock::Clock;
use net::random::Random;
use runtime::node::Node;
use runtime::seal::EncryptionKey;
use tokio::sync::Notify;
use url::Url;

use crate::domain::mail::{Language, Schedule};
use crate::store::messages;
use addresses::Addresses;
use callees::Callees;
pub use config::MailConfig;
use metrics::{Metrics, Waiting};
use templates::Templates;
use transport::Transport;

/// The mails.
#[derive(Clone)]
pub(crate) struct Mail {
    pub(crate) db: Database,
    pub(crate) idempotency: Idempotency,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    /// Wakes the worker: something is due.
    pub(crate) wake: Arc<Notify>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) templates: Arc<Templates>,
    addresses: Arc<Addresses>,
    callees: Callees,
    transport: Arc<Transport>,
    metrics: Arc<Metrics>,
}

/// What is said of all mails.
pub(crate) struct Settings {
    from: Mailbox,
    shop: String,
    pub(crate) language: Language,
    pages: Url,
    timeout: Duration,
    schedule: Schedule,
}

impl Mail {
    /// Mails of a database. Addresses are known again by hashes under the service's key.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub(crate) fn new(
        config: &MailConfig,
        db: &Database,
        key: &EncryptionKey,
        node: &Node,
    ) -> Result<Self, StartError> {
        let from = config.mail_from.clone();
        let patience = TimeDelta::from_std(config.mail_patience).unwrap_or(TimeDelta::MAX);
        let settings = Settings {
            shop: from
                .name
                .clone()
                .unwrap_or_else(|| from.email.domain().to_owned()),
            from,
            language: config.mail_language,
            pages: config.public_url.clone(),
            timeout: config.mail_timeout,
            schedule: Schedule { patience },
        };
        Ok(Self {
            db: db.clone(),
            idempotency: Idempotency::new(db, node),
            clock: node.clock.clone(),
            random: node.random.clone(),
            wake: Arc::default(),
            settings: Arc::new(settings),
            templates: Arc::new(Templates::new().map_err(StartError::other)?),
            addresses: Arc::new(Addresses::new(key)),
            callees: Callees::new(node),
            transport: Arc::new(Transport::new(config)?),
            metrics: Arc::new(Metrics::new(node)),
        })
    }

    /// Sends what is due, tells what waits, and forgets what is old.
    pub(crate) fn start(&self, config: &MailConfig, node: &Node) {
        let sent = self.clone();
        node.tasks
            .spawn("mail", |shutdown| worker::run(sent, shutdown));
        ::store::measure::start(node, "mail-measure", &self.db, Waiting::new(node));
        let kept = Kept {
            remove: messages::REMOVE_OLD,
            time: config.messages_kept,
        };
        ::store::upkeep::start(node, "mail-upkeep", &self.db, vec![kept]);
    }
}

//! What the RPCs work with.

use std::sync::Arc;

use net::StartError;
use net::clock::Clock;
use net::random::Random;
use runtime::call::CallContext;
use runtime::node::Node;
use store::{Database, Outbox, Tx};

use crate::accounts::Accounts;
use crate::config::{Config, Passwords, Throttle};
use crate::domain::network::NetworkNames;
use crate::domain::refresh::RefreshTokens;
use crate::domain::throttle::Bucket;
use crate::error::Error;
use crate::hashing::Hashing;
use crate::keyring::Keyring;
use crate::metrics::Metrics;
use crate::store::{audit, throttle};
use crate::tokens::Tokens;
use crate::workloads::WorkloadKeys;

/// Passwords, sessions and tokens.
#[derive(Clone)]
pub(crate) struct Auth {
    pub(crate) db: Database,
    pub(crate) outbox: Outbox,
    pub(crate) accounts: Accounts,
    pub(crate) hashing: Hashing,
    pub(crate) tokens: Tokens,
    pub(crate) workloads: Arc<WorkloadKeys>,
    /// E-mail address of the first administrator, as whom the operator signs in.
    pub(crate) administrator: Option<String>,
    pub(crate) throttle: Throttle,
    pub(crate) passwords: Passwords,
    pub(crate) networks: Arc<NetworkNames>,
    pub(crate) metrics: Metrics,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
}

impl Auth {
    /// Opens the database and the keys.
    pub(crate) async fn open(config: &Config, node: &Node) -> Result<Self, StartError> {
        let (keys, workloads) = config.secrets()?;
        let db = Database::open(&config.database, node, store::migrations!()).await?;
        let refresh = RefreshTokens::new(&keys);
        let networks = NetworkNames::new(&keys);
        let keyring = Keyring::open(&db, keys, config.lifetimes.schedule(), node).await?;
        Ok(Self {
            tokens: Tokens {
                issuer: node.identity.verifier().issuer().clone(),
                keyring: Arc::new(keyring),
                refresh,
                lifetimes: config.lifetimes,
                clock: node.clock.clone(),
                random: node.random.clone(),
            },
            outbox: Outbox::new(&db, node),
            accounts: Accounts::new(node),
            hashing: Hashing::new(
                config.passwords.password_hashing_memory,
                node.random.clone(),
                &node.telemetry.meter(),
            ),
            passwords: config.passwords,
            networks: Arc::new(networks),
            metrics: Metrics::new(node),
            workloads: Arc::new(workloads),
            administrator: config.admin_email.clone(),
            throttle: config.throttle,
            clock: node.clock.clone(),
            random: node.random.clone(),
            db,
        })
    }

    /// Writes an entry of the audit log.
    pub(crate) async fn record(
        &self,
        tx: &mut Tx,
        call: &CallContext,
        entry: audit::Entry,
    ) -> Result<(), Error> {
        let stamp = (self.random.uuid7(&self.clock), self.clock.now());
        self.metrics.done(tx, &entry);
        audit::record(tx, entry, call, stamp).await
    }

    /// Puts an attempt into a bucket.
    ///
    /// # Errors
    /// [`Error::Throttled`] if it is full.
    pub(crate) async fn admit(&self, tx: &mut Tx, bucket: &Bucket) -> Result<(), Error> {
        let taken = throttle::take(tx, bucket, self.clock.now()).await;
        if let Err(Error::Throttled(_)) = taken {
            self.metrics.throttled(bucket.what);
        }
        taken
    }
}

//! What the RPCs work with.

use std::sync::Arc;

use net::StartError;
use net::clock::Clock;
use net::random::Random;
use runtime::call::CallContext;
use runtime::email_verification::EmailVerification;
use runtime::node::Node;
use store::{Database, Outbox, Tx};
use tokio::sync::Notify;

use crate::accounts::Accounts;
use crate::config::{Config, Passwords, SecondFactors, Throttle};
use crate::domain::email::email_key;
use crate::domain::mail::MailTokens;
use crate::domain::network::NetworkNames;
use crate::domain::refresh::RefreshTokens;
use crate::domain::throttle::Bucket;
use crate::error::Error;
use crate::hashing::Hashing;
use crate::keyring::Keyring;
use crate::metrics::Metrics;
use crate::providers::{Issuers, Providers};
use crate::sealing::Sealing;
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
    pub(crate) second_factors: SecondFactors,
    pub(crate) providers: Providers,
    pub(crate) issuers: Issuers,
    pub(crate) sealing: Sealing,
    pub(crate) networks: Arc<NetworkNames>,
    pub(crate) mail_tokens: MailTokens,
    /// Wakes who looks after requests for mails.
    pub(crate) wishes: Arc<Notify>,
    pub(crate) email_verification: EmailVerification,
    pub(crate) metrics: Metrics,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
}

impl Auth {
    /// Opens the database and the keys.
    pub(crate) async fn open(config: &Config, node: &Node) -> Result<Self, StartError> {
        let (keys, workloads, providers, issuers) = config.secrets()?;
        if issuers.trusts(&node.identity.verifier().issuer().name) {
            return Err(StartError::config(
                "TRUSTED_ISSUERS_DIR: no other issuer may have the name of our own",
            ));
        }
        let db = Database::open(&config.database, node, store::migrations!()).await?;
        let refresh = RefreshTokens::new(&keys);
        let networks = NetworkNames::new(&keys);
        let sealing = Sealing::new(keys.clone(), node.random.clone());
        sealing.seal_anew(&db).await.map_err(|error| {
            StartError::other(format!("the second factors cannot be read: {error}"))
        })?;
        let mail_tokens = MailTokens::new(&keys);
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
            second_factors: config.second_factors.clone(),
            providers,
            issuers,
            sealing,
            networks: Arc::new(networks),
            mail_tokens,
            wishes: Arc::default(),
            email_verification: config.email_verification,
            metrics: Metrics::new(node),
            workloads: Arc::new(workloads),
            administrator: config.admin_email.clone(),
            throttle: config.throttle,
            clock: node.clock.clone(),
            random: node.random.clone(),
            db,
        })
    }

    /// Whether an address is the one that the operator gives to the first administrator.
    pub(crate) fn is_administrators(&self, email: &str) -> bool {
        let administrator = self.administrator.as_deref().map(email_key);
        administrator.is_some_and(|key| key == email_key(email))
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

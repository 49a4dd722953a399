//! What the RPCs work with.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use net::clock::Clock;
use net::random::Random;
use net::tasks::Tasks;
use opentelemetry::metrics::Counter;
use runtime::call::Caller;
use runtime::id;
use runtime::node::Node;
use runtime::seal::EncryptionKey;
use secrecy::{ExposeSecret as _, SecretString};
use store::{Database, Idempotency, Outbox, Tx};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::crash::Crash;
use crate::domain::{Book, Operation, Payment};
use crate::error::Error;
use crate::events;
use crate::metrics::Metrics;
use crate::provider::Provider;
use crate::store::payments;

/// The payments.
#[derive(Clone)]
pub(crate) struct Payments {
    pub(crate) db: Database,
    pub(crate) outbox: Outbox,
    pub(crate) idempotency: Idempotency,
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) tasks: Tasks,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    /// Wakes the driver: something is due.
    pub(crate) wake: Arc<Notify>,
    /// For how long a payment is left to whoever works on it.
    pub(crate) lease: Duration,
    /// For how long one call of the provider is waited for.
    pub(crate) patience: Duration,
    /// Events that fit no payment.
    pub(crate) ignored: Counter<u64>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) crash: Crash,
    key: EncryptionKey,
}

/// What payments are made of besides their node.
pub(crate) struct Parts {
    pub(crate) db: Database,
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) key: EncryptionKey,
    pub(crate) lease: Duration,
    pub(crate) patience: Duration,
    pub(crate) crash: Crash,
}

impl Payments {
    pub(crate) fn new(parts: Parts, node: &Node) -> Self {
        let meter = node.telemetry.meter();
        Self {
            outbox: Outbox::new(&parts.db, node),
            idempotency: Idempotency::new(&parts.db, node),
            metrics: Arc::new(Metrics::new(node, parts.provider.name())),
            provider: parts.provider,
            tasks: node.tasks.clone(),
            clock: node.clock.clone(),
            random: node.random.clone(),
            wake: Arc::default(),
            lease: parts.lease,
            patience: parts.patience,
            ignored: meter
                .u64_counter("tradewind.payments.events.ignored")
                .with_description("Events of the payment provider that fit no payment.")
                .build(),
            crash: parts.crash,
            key: parts.key,
            db: parts.db,
        }
    }

    /// The payment, if the caller may see it. What stands for a payment that never was is none.
    pub(crate) async fn visible(&self, caller: &Caller, id: &str) -> Result<Payment, Error> {
        let id = id::parse("paymentId", id)?;
        let mut tx = self.db.read().await?;
        let found = payments::find(&mut tx, id).await?;
        let visible = found.filter(|it| !it.is_tombstone() && caller.may_see(it.user_id));
        visible.ok_or(Error::NotFound(id))
    }

    /// Whether the provider that this process works with holds the payment.
    pub(crate) fn is_own(&self, payment: &Payment) -> bool {
        payment.provider == self.provider.name()
    }

    /// A change of a payment that is locked, with its postings and events, in the transaction that makes
    /// it. It is left to others when `due` says so. Of a payment that has ended with another provider
    /// nothing is asked any more.
    pub(crate) async fn change<T>(
        &self,
        tx: &mut Tx,
        payment: &mut Payment,
        due: impl FnOnce(&T) -> Due,
        change: impl FnOnce(&mut Payment, &mut Book<'_>) -> T,
    ) -> Result<T, Error> {
        let (before, now) = (payment.clone(), self.clock.now());
        let (result, postings, told) = {
            let mut new_id = || self.new_id();
            let mut book = Book::new(now, &mut new_id);
            let result = change(payment, &mut book);
            (result, book.postings, book.events)
        };
        let is_asked = payment.operations.iter().any(Operation::is_open);
        if is_asked && before.due(now).is_none() && !self.is_own(payment) {
            return Err(Error::OtherProvider {
                payment: payment.id,
                provider: before.provider,
            });
        }
        payment.amended(&before, now);
        let due = match due(&result) {
            Due::Leased => Some(now + self.lease),
            Due::Now => Some(now),
            Due::ByItself => payment.due(now),
        };
        payments::update(tx, &before, payment, &postings, due).await?;
        self.metrics.changed(tx, &before, payment);
        for event in told {
            self.outbox.append(tx, events::told(payment, event)).await?;
        }
        Ok(result)
    }

    pub(crate) fn new_id(&self) -> Uuid {
        self.random.uuid7(&self.clock)
    }

    /// When a payment that is begun now is taken up by others.
    pub(crate) fn leased(&self) -> DateTime<Utc> {
        self.clock.now() + self.lease
    }

    /// A token as it is stored with its payment.
    pub(crate) fn seal(&self, payment: Uuid, token: &SecretString) -> Vec<u8> {
        let token = token.expose_secret().as_bytes();
        self.key.seal(&payment.to_string(), token, &self.random)
    }

    /// The token that was stored with the payment.
    pub(crate) fn unseal(&self, payment: &Payment) -> Result<SecretString, Error> {
        let sealed = payment.token_sealed.as_deref().unwrap_or_default();
        let token = self.key.open(&payment.id.to_string(), sealed)?;
        let token = String::from_utf8(token).map_err(|_| runtime::seal::SealError::BadSeal)?;
        Ok(token.into())
    }
}

/// Who works on a payment next, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Whoever has changed it, for a while.
    Leased,
    /// Anybody, at once.
    Now,
    /// Anybody, when its state asks for it.
    ByItself,
}

//! What the RPCs and the worker work with.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use net::clock::Clock;
use net::random::Random;
use runtime::id;
use runtime::node::Node;
use runtime::seal::EncryptionKey;
use store::{Database, Idempotency, NewEvent, Outbox, Tx};
use tokio::sync::Notify as Wake;
use uuid::Uuid;

use crate::convert;
use crate::domain::{Delivery, DeliveryState, DisabledReason, Secret, Webhook, WebhookState};
use crate::error::Error;
use crate::metrics::Metrics;
use crate::store::{deliveries, secrets, webhooks};
use crate::target::Targets;

/// Who is to be told of what.
#[derive(Clone)]
pub(crate) struct Notify {
    pub(crate) db: Database,
    pub(crate) outbox: Outbox,
    pub(crate) idempotency: Idempotency,
    pub(crate) targets: Targets,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    /// Wakes the worker: something is due.
    pub(crate) wake: Arc<Wake>,
    key: EncryptionKey,
}

impl Notify {
    pub(crate) fn new(db: Database, key: EncryptionKey, targets: Targets, node: &Node) -> Self {
        Self {
            outbox: Outbox::new(&db, node),
            idempotency: Idempotency::new(&db, node),
            targets,
            metrics: Arc::new(Metrics::new(node)),
            clock: node.clock.clone(),
            random: node.random.clone(),
            wake: Arc::default(),
            key,
            db,
        }
    }

    pub(crate) fn new_id(&self) -> Uuid {
        self.random.uuid7(&self.clock)
    }

    /// The webhook that a field names, to be looked at.
    pub(crate) async fn webhook(&self, tx: &mut Tx, id: &str) -> Result<Webhook, Error> {
        let id = id::parse("webhookId", id)?;
        webhooks::find(tx, id).await?.ok_or(Error::NoWebhook(id))
    }

    /// The webhook that a field names, locked until the transaction ends.
    pub(crate) async fn locked(&self, tx: &mut Tx, id: &str) -> Result<Webhook, Error> {
        let id = id::parse("webhookId", id)?;
        webhooks::lock(tx, id).await?.ok_or(Error::NoWebhook(id))
    }

    /// Gives the webhook another secret.
    pub(crate) async fn make_secret(&self, tx: &mut Tx, webhook: Uuid) -> Result<Secret, Error> {
        let (id, secret) = (self.new_id(), Secret::generate(&self.random));
        let sealed = self.key.seal(&id.to_string(), secret.bytes(), &self.random);
        secrets::insert(tx, id, webhook, sealed).await?;
        Ok(secret)
    }

    /// What signs what is sent to the webhook now, the newest first.
    pub(crate) async fn secrets(&self, tx: &mut Tx, webhook: Uuid) -> Result<Vec<Secret>, Error> {
        let sealed = secrets::of(tx, webhook, self.clock.now()).await?;
        let open = |(id, sealed): (Uuid, Vec<u8>)| {
            let bytes = self.key.open(&id.to_string(), &sealed)?;
            Secret::of(&bytes).ok_or(runtime::seal::SealError::BadSeal)
        };
        let opened: Result<Vec<_>, _> = sealed.into_iter().map(open).collect();
        Ok(opened?)
    }

    /// Has nothing more sent to a webhook that is locked, and tells of it where nobody has asked for it.
    pub(crate) async fn disable(
        &self,
        tx: &mut Tx,
        webhook: &mut Webhook,
        reason: DisabledReason,
    ) -> Result<(), store::Error> {
        let now = self.clock.now();
        if !webhook.disable(reason, now) {
            return Ok(());
        }
        webhooks::update(tx, webhook).await?;
        deliveries::discard(tx, webhook.id, now, &self.metrics.transitions).await?;
        if reason != DisabledReason::Requested {
            let message = convert::disabled(webhook, reason);
            let event = NewEvent::new(webhook.id, webhook.version, &message);
            self.outbox.append(tx, event).await?;
        }
        Ok(())
    }

    /// Writes that an event is to be sent to a webhook; while that is disabled, that it is not.
    pub(crate) async fn deliver(
        &self,
        tx: &mut Tx,
        webhook: &Webhook,
        told: Told<'_>,
    ) -> Result<Delivery, store::Error> {
        let now = self.clock.now();
        let is_enabled = webhook.state == WebhookState::Enabled;
        let delivery = Delivery {
            id: self.new_id(),
            webhook_id: webhook.id,
            event_id: told.id,
            event_type: told.kind.to_owned(),
            event_time: told.time,
            payload: told.payload.to_owned(),
            state: match is_enabled {
                true => DeliveryState::Pending,
                false => DeliveryState::Discarded,
            },
            due_at: is_enabled.then_some(now),
            create_time: now,
            update_time: now,
        };
        deliveries::insert(tx, &delivery, &self.metrics.transitions).await?;
        tx.wake_on_commit(&self.wake);
        Ok(delivery)
    }
}

/// An event as it is told.
#[derive(Clone, Copy)]
pub(crate) struct Told<'a> {
    pub(crate) id: Uuid,
    pub(crate) kind: &'a str,
    pub(crate) time: DateTime<Utc>,
    pub(crate) payload: &'a str,
}

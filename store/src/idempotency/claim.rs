use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use chrono::{DateTime, Utc};
use net::clock::Clock;
use prost::Message;

use super::{
    LEASE, Scope,
    answer::{Answer, Row},
};
use crate::{Error, Tx};

/// The right to answer a call with an idempotency key. Does nothing for a call without one.
#[derive(Clone)]
pub struct Claim(Option<Arc<Held>>);

struct Held {
    scope: Scope,
    request_hash: Vec<u8>,
    clock: Clock,
    resumed: bool,
    resource_id: Option<String>,
    /// The lease that this claim wrote, by which its row is known as its own.
    lease: Mutex<Option<DateTime<Utc>>>,
    lost: AtomicBool,
    finished: AtomicBool,
}

impl Claim {
    /// Of a call without a key.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    pub(super) fn of(
        scope: Scope,
        request_hash: Vec<u8>,
        clock: &Clock,
        before: Option<Row>,
    ) -> Self {
        Self(Some(Arc::new(Held {
            scope,
            request_hash,
            clock: clock.clone(),
            resumed: before.is_some(),
            lease: Mutex::new(before.as_ref().map(|row| row.lease_until)),
            resource_id: before.and_then(|row| row.resource_id),
            lost: AtomicBool::new(false),
            finished: AtomicBool::new(false),
        })))
    }

    /// Whether an earlier call with the same key committed its first transaction and never
    /// answered: go on from there.
    #[must_use]
    pub fn resumed(&self) -> bool {
        self.0.as_ref().is_some_and(|held| held.resumed)
    }

    /// What the earlier call saved by [`Claim::start_for`].
    #[must_use]
    pub fn resource_id(&self) -> Option<&str> {
        self.0.as_ref()?.resource_id.as_deref()
    }

    /// Claims the key in the handler's first transaction.
    ///
    /// # Errors
    /// [`Error::ClaimLost`] if another call was faster: return it, the transaction must not commit.
    pub async fn start(&self, tx: &mut Tx) -> Result<(), Error> {
        self.claim(tx, None).await
    }

    /// As [`Claim::start`], and saves the id of the resource that is being made, for a call that
    /// has to go on from it.
    ///
    /// # Errors
    /// As [`Claim::start`].
    pub async fn start_for(&self, tx: &mut Tx, resource_id: impl ToString) -> Result<(), Error> {
        self.claim(tx, Some(resource_id.to_string())).await
    }

    async fn claim(&self, tx: &mut Tx, resource_id: Option<String>) -> Result<(), Error> {
        let Some(held) = &self.0 else { return Ok(()) };
        let (scope, now) = (&held.scope, held.clock.now());
        let lease = now + LEASE;
        let rows = crate::execute!(
            tx,
            "INSERT INTO idempotency
                 (caller, method, key, request_hash, lease_until, resource_id, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (caller, method, key)
             DO UPDATE SET lease_until = excluded.lease_until,
                           resource_id = coalesce(excluded.resource_id, idempotency.resource_id)
             WHERE idempotency.code IS NULL AND idempotency.lease_until = $8",
            scope.caller.as_str(),
            scope.method,
            &*scope.key,
            held.request_hash.as_slice(),
            lease,
            resource_id,
            now,
            held.lease()
        )?;
        held.won(rows)?;
        *held.lease.lock().unwrap_or_else(PoisonError::into_inner) = Some(lease);
        Ok(())
    }

    /// Records the reply in the handler's last transaction. Needs no [`Claim::start`] when that is
    /// also its first.
    ///
    /// # Errors
    /// [`Error::ClaimLost`] if another call has answered: return it, the transaction must not
    /// commit.
    pub async fn finish(&self, tx: &mut Tx, reply: &impl Message) -> Result<(), Error> {
        self.write(tx, self.reply(reply)).await
    }

    pub(super) async fn write(&self, tx: &mut Tx, answer: Answer) -> Result<(), Error> {
        let Some(held) = &self.0 else { return Ok(()) };
        let (scope, now) = (&held.scope, held.clock.now());
        let rows = crate::execute!(
            tx,
            "INSERT INTO idempotency (caller, method, key, request_hash, lease_until, code, message,
                                      reply, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $5)
             ON CONFLICT (caller, method, key)
             DO UPDATE SET code = excluded.code, message = excluded.message, reply = excluded.reply
             WHERE idempotency.code IS NULL AND idempotency.lease_until = $9",
            scope.caller.as_str(),
            scope.method,
            &*scope.key,
            held.request_hash.as_slice(),
            now,
            answer.code,
            answer.message,
            answer.reply,
            held.lease()
        )?;
        held.won(rows)?;
        held.finished.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Ends the lease in advance.
    pub(super) async fn release(&self, tx: &mut Tx) -> Result<(), Error> {
        let Some(held) = &self.0 else { return Ok(()) };
        let (scope, now) = (&held.scope, held.clock.now());
        crate::execute!(
            tx,
            "UPDATE idempotency SET lease_until = $4
             WHERE caller = $1 AND method = $2 AND key = $3 AND code IS NULL AND lease_until = $5",
            scope.caller.as_str(),
            scope.method,
            &*scope.key,
            now,
            held.lease()
        )?;
        Ok(())
    }

    pub(super) fn is_lost(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|held| held.lost.load(Ordering::Relaxed))
    }

    pub(super) fn is_finished(&self) -> bool {
        self.0
            .as_ref()
            .is_none_or(|held| held.finished.load(Ordering::Relaxed))
    }
}

impl Held {
    fn lease(&self) -> Option<DateTime<Utc>> {
        *self.lease.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn won(&self, rows: u64) -> Result<(), Error> {
        if rows == 1 {
            return Ok(());
        }
        self.lost.store(true, Ordering::Relaxed);
        Err(Error::ClaimLost)
    }
}

impl std::fmt::Debug for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Claim({})",
            if self.0.is_some() { "of a key" } else { "none" }
        )
    }
}

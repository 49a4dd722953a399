use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use chrono::{DateTime, Utc};
use net::clock::Clock;
use prost::Message;
use runtime::contract::RequestHash;

use super::{
    LEASE, Scope,
    answer::{Answer, Row},
};
use crate::{Connection, Error};

tokio::task_local! {
    static CURRENT: Claim;
}

/// The right to answer a call. One without an idempotency key claims nothing.
#[derive(Clone)]
pub struct Claim(Arc<State>);

struct State {
    held: Option<HeldKey>,
    /// A transaction of the call has committed.
    begun: AtomicBool,
    /// What a repetition goes on from has.
    resumable: AtomicBool,
    /// The answer has.
    answered: AtomicBool,
}

/// Of a key.
struct HeldKey {
    scope: Scope,
    request_hash: RequestHash,
    clock: Clock,
    resumed: bool,
    resource_id: Option<String>,
    /// The lease that this claim wrote, by which its row is known as its own.
    lease: Mutex<Option<DateTime<Utc>>>,
    lost: AtomicBool,
}

impl Claim {
    /// Of a call without a key.
    pub(super) fn none() -> Self {
        Self::new(None)
    }

    pub(super) fn of(
        scope: Scope,
        request_hash: RequestHash,
        clock: &Clock,
        before: Option<Row>,
    ) -> Self {
        Self::new(Some(HeldKey {
            scope,
            request_hash,
            clock: clock.clone(),
            resumed: before.is_some(),
            lease: Mutex::new(before.as_ref().map(|row| row.lease_until)),
            resource_id: before.and_then(|row| row.resource_id),
            lost: AtomicBool::new(false),
        }))
    }

    fn new(held: Option<HeldKey>) -> Self {
        let is_resumable = held.as_ref().is_some_and(|held| held.resource_id.is_some());
        Self(Arc::new(State {
            held,
            begun: AtomicBool::new(false),
            resumable: AtomicBool::new(is_resumable),
            answered: AtomicBool::new(false),
        }))
    }

    /// Whether an earlier call with the same key committed its first transaction and never
    /// answered: go on from there.
    #[must_use]
    pub fn resumed(&self) -> bool {
        self.held().is_some_and(|held| held.resumed)
    }

    /// What the earlier call named by [`Database::begin_for`](crate::Database::begin_for).
    #[must_use]
    pub fn resource_id(&self) -> Option<&str> {
        self.held()?.resource_id.as_deref()
    }

    /// Of the handler that begins a transaction, if it runs inside of
    /// [`Idempotency::once`](crate::Idempotency::once).
    pub(crate) fn current() -> Option<Self> {
        CURRENT.try_with(Self::clone).ok()
    }

    pub(super) fn scope<F: Future>(&self, handler: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self.clone(), handler)
    }

    /// Claims the key in the handler's first transaction, or in a later one that names what is made.
    pub(crate) async fn start(
        &self,
        mut connection: Connection<'_>,
        resource_id: Option<String>,
    ) -> Result<(), Error> {
        let Some(held) = self.held() else {
            return Ok(());
        };
        if resource_id.is_none() && self.0.begun.load(Ordering::Relaxed) {
            return Ok(());
        }
        let (scope, now) = (&held.scope, held.clock.now());
        let lease = now + LEASE;
        let rows = crate::execute!(
            connection,
            "INSERT INTO idempotency
                 (caller, method, key, request_hash, lease_until, resource_id, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (caller, method, key)
             DO UPDATE SET lease_until = excluded.lease_until,
                           resource_id = coalesce(excluded.resource_id, idempotency.resource_id)
             WHERE idempotency.code IS NULL AND idempotency.lease_until = $8",
            scope.caller.as_str(),
            &*scope.method,
            &*scope.key,
            &held.request_hash[..],
            lease,
            resource_id,
            now,
            held.lease()
        )?;
        held.won(rows)?;
        *held.lease.lock().unwrap_or_else(PoisonError::into_inner) = Some(lease);
        Ok(())
    }

    /// Records the reply in the handler's last transaction.
    pub(crate) async fn finish(
        &self,
        connection: Connection<'_>,
        reply: &impl Message,
    ) -> Result<(), Error> {
        self.write(connection, Answer::of(reply)).await
    }

    pub(super) async fn write(
        &self,
        mut connection: Connection<'_>,
        answer: Answer,
    ) -> Result<(), Error> {
        let Some(held) = self.held() else {
            return Ok(());
        };
        let (scope, now) = (&held.scope, held.clock.now());
        let rows = crate::execute!(
            connection,
            "INSERT INTO idempotency (caller, method, key, request_hash, lease_until, code, message,
                                      reply, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $5)
             ON CONFLICT (caller, method, key)
             DO UPDATE SET code = excluded.code, message = excluded.message, reply = excluded.reply
             WHERE idempotency.code IS NULL AND idempotency.lease_until = $9",
            scope.caller.as_str(),
            &*scope.method,
            &*scope.key,
            &held.request_hash[..],
            now,
            answer.code,
            answer.message,
            answer.reply,
            held.lease()
        )?;
        held.won(rows)
    }

    /// Ends the lease in advance.
    pub(super) async fn release(&self, mut connection: Connection<'_>) -> Result<(), Error> {
        let Some(held) = self.held() else {
            return Ok(());
        };
        let (scope, now) = (&held.scope, held.clock.now());
        crate::execute!(
            connection,
            "UPDATE idempotency SET lease_until = $4
             WHERE caller = $1 AND method = $2 AND key = $3 AND code IS NULL AND lease_until = $5",
            scope.caller.as_str(),
            &*scope.method,
            &*scope.key,
            now,
            held.lease()
        )?;
        Ok(())
    }

    /// A transaction of the call has committed, perhaps with what a repetition goes on from, or with
    /// the answer.
    pub(crate) fn committed(&self, is_resumable: bool, is_answered: bool) {
        self.0.begun.store(true, Ordering::Relaxed);
        self.0.resumable.fetch_or(is_resumable, Ordering::Relaxed);
        self.0.answered.fetch_or(is_answered, Ordering::Relaxed);
    }

    /// A mistake of a handler, which shows with a key or without one.
    pub(super) fn check(&self) {
        debug_assert!(
            !self.0.begun.load(Ordering::Relaxed)
                || self.0.resumable.load(Ordering::Relaxed)
                || self.is_answered(),
            "the handler committed its effect without the answer (Tx::answer), and named nothing \
             that a repetition could go on from (Database::begin_for)"
        );
    }

    pub(super) fn is_lost(&self) -> bool {
        self.held()
            .is_some_and(|held| held.lost.load(Ordering::Relaxed))
    }

    pub(super) fn is_answered(&self) -> bool {
        self.0.answered.load(Ordering::Relaxed)
    }

    fn held(&self) -> Option<&HeldKey> {
        self.0.held.as_ref()
    }
}

impl HeldKey {
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
        let of = if self.held().is_some() {
            "of a key"
        } else {
            "none"
        };
        write!(f, "Claim({of})")
    }
}

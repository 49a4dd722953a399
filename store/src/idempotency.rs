//! Calls with an idempotency key have their effect once, and the same answer each time.
//!
//! The scope of a key is (caller, method). Which methods take one, the contract says; method, key
//! and the request's hash come with the call. A handler runs inside of [`Idempotency::once`], and the
//! transactions that it begins claim the key: the claim commits with the first of them, the answer
//! ([`Tx::answer`](crate::Tx::answer)) with the last. A build for tests panics where a handler
//! commits without that. A repetition waits for the answer within its own
//! deadline, then gets ABORTED; when the lease of a claim has passed without an answer, a
//! repetition goes on from what is persisted.

mod answer;
mod claim;
mod turns;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use net::{backoff::Backoff, clock::Clock};
use prost::Message;
use runtime::{
    call::CallContext,
    contract::RequestHash,
    node::Node,
    status::{self, Problem, Reason},
};
use tokio::time::Instant;
use tonic::{Code, Status};

pub use claim::Claim;

use crate::Database;
use answer::{Answer, Row};
use turns::Turns;

/// How long a claim holds without an answer. Longer than calls take.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// How long a repetition without a deadline waits.
const PATIENCE: Duration = Duration::from_secs(10);
/// What a repetition leaves of its deadline for saying that it gave up.
const MARGIN: Duration = Duration::from_millis(100);

/// Whose key it is, and for what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Scope {
    caller: String,
    method: Arc<str>,
    key: Arc<str>,
}

/// The idempotency keys of a service. Cheap to clone.
#[derive(Clone)]
pub struct Idempotency {
    database: Database,
    clock: Clock,
    turns: Arc<Turns>,
}

impl Idempotency {
    /// The keys are kept in the service's database, for 7 days.
    #[must_use]
    pub fn new(database: &Database, node: &Node) -> Self {
        Self {
            database: database.clone(),
            clock: node.clock.clone(),
            turns: Arc::default(),
        }
    }

    /// Runs the handler unless the call was answered before; without a key it just runs it.
    ///
    /// The handler answers in its last transaction by [`Tx::answer`](crate::Tx::answer). One of
    /// several transactions begins the first by [`Database::begin_for`], and goes on from
    /// [`Claim::resource_id`] where an earlier call stopped. A final refusal is recorded here.
    ///
    /// # Errors
    /// The handler's; ALREADY_EXISTS when the key was used with another request; ABORTED when the
    /// first call is still in progress at the deadline.
    ///
    /// # Panics
    /// In a build for tests, if the handler commits an effect and neither answers nor names what to
    /// go on from: its repetition would have the effect again.
    pub async fn once<Reply, F, Fut>(&self, call: &CallContext, handler: F) -> Result<Reply, Status>
    where
        Reply: Message + Default,
        F: FnOnce(Claim) -> Fut,
        Fut: Future<Output = Result<Reply, Status>>,
    {
        let Some((scope, hash)) = Scope::of(call) else {
            return run(Claim::none(), handler).await;
        };
        let until = call
            .deadline
            .map_or_else(|| Instant::now() + PATIENCE, |at| at - MARGIN);

        let Some(_turn) = self.turns.take(&scope, until).await else {
            return Err(in_progress());
        };
        let claim = match self.look(&scope, &hash, until, true).await? {
            Lookup::Answer(answer) => return answer.read(),
            Lookup::Free(before) => Claim::of(scope.clone(), hash, &self.clock, before),
        };
        let answer = run(claim.clone(), handler).await;
        match &answer {
            Ok(_) if claim.is_answered() => {}
            Ok(reply) => self.record(&claim, Answer::of(reply)).await,
            Err(_) if claim.is_lost() => {}
            Err(refusal) if is_final(refusal) => {
                self.record(&claim, Answer::of_refusal(refusal)).await;
            }
            Err(_) => self.release(&claim).await,
        }
        if !claim.is_lost() {
            return answer;
        }
        match self.look(&scope, &hash, until, false).await? {
            Lookup::Answer(first) => first.read(),
            Lookup::Free(_) => Err(in_progress()),
        }
    }

    /// Waits until the key is answered, or free: unknown, or with its lease over. A free one is
    /// taken over if `take` says so.
    async fn look(
        &self,
        scope: &Scope,
        hash: &RequestHash,
        until: Instant,
        take: bool,
    ) -> Result<Lookup, Status> {
        let mut backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(250));
        loop {
            let mut read = self.database.read().await?;
            let row = answer::find(read.connection(), scope).await?;
            drop(read);
            let now = self.clock.now();
            match row {
                None => return Ok(Lookup::Free(None)),
                Some(row) if row.request_hash != hash => return Err(reused()),
                Some(row) if row.code.is_some() => return Ok(Lookup::Answer(row)),
                Some(row) if row.lease_until <= now => {
                    if !take {
                        return Ok(Lookup::Free(None));
                    }
                    let lease_until = now + LEASE;
                    if self.take_over(scope, &row, lease_until).await? {
                        return Ok(Lookup::Free(Some(Row { lease_until, ..row })));
                    }
                }
                Some(_) => {}
            }
            let pause = backoff.pause();
            if Instant::now() + pause >= until {
                return Err(in_progress());
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Of several that see a lease that is over, one goes on.
    async fn take_over(
        &self,
        scope: &Scope,
        row: &Row,
        lease_until: DateTime<Utc>,
    ) -> Result<bool, Status> {
        let mut tx = self.database.begin_apart().await?;
        let rows = crate::execute!(
            tx,
            "UPDATE idempotency SET lease_until = $5
             WHERE caller = $1 AND method = $2 AND key = $3 AND lease_until = $4
               AND code IS NULL",
            scope.caller.as_str(),
            &*scope.method,
            &*scope.key,
            row.lease_until,
            lease_until
        )?;
        tx.commit().await?;
        Ok(rows == 1)
    }

    /// Records an answer that the handler did not record itself. The answer stands in any case:
    /// if this fails, a repetition goes on from what is persisted.
    async fn record(&self, claim: &Claim, answer: Answer) {
        let written = async {
            let mut tx = self.database.begin_apart().await?;
            claim.write(tx.connection(), answer).await?;
            tx.commit().await
        };
        if let Err(error) = written.await {
            tracing::warn!(%error, "the answer of an idempotent call could not be recorded");
        }
    }

    /// Lets a repetition go on at once.
    async fn release(&self, claim: &Claim) {
        let released = async {
            let mut tx = self.database.begin_apart().await?;
            claim.release(tx.connection()).await?;
            tx.commit().await
        };
        if let Err(error) = released.await {
            tracing::debug!(%error, "a claim is left to its lease");
        }
    }
}

/// Runs the handler, whose transactions are those of the claim.
async fn run<Reply, F, Fut>(claim: Claim, handler: F) -> Result<Reply, Status>
where
    F: FnOnce(Claim) -> Fut,
    Fut: Future<Output = Result<Reply, Status>>,
{
    let answer = claim.scope(handler(claim.clone())).await;
    if answer.is_ok() {
        claim.check();
    }
    answer
}

impl Scope {
    /// Of a call with a key, to a method that by its contract takes one.
    fn of(call: &CallContext) -> Option<(Self, RequestHash)> {
        let scope = Self {
            caller: call.caller.actor(),
            method: call.method.as_ref()?.path.clone(),
            key: call.idempotency_key.clone()?,
        };
        Some((scope, call.request_hash?))
    }
}

enum Lookup {
    Answer(Row),
    Free(Option<Row>),
}

/// Whether the refusal is about the request itself, so that a repetition must get the same. A
/// condition on the resource's etag is no part of the message, and is another one when it is made again.
fn is_final(status: &Status) -> bool {
    let is_condition = status::reason(status) == Some(Reason::EtagMismatch);
    !is_condition && status::is_final(status.code())
}

fn in_progress() -> Status {
    let message = "a request with the same idempotency key is still in progress";
    Problem::new(Reason::RequestInProgress, Code::Aborted, message)
        .retry_after(Duration::from_secs(1))
        .into()
}

fn reused() -> Status {
    let message = "the idempotency key was used before with another request";
    Problem::new(Reason::IdempotencyKeyReused, Code::AlreadyExists, message).into()
}

impl std::fmt::Debug for Idempotency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Idempotency")
    }
}

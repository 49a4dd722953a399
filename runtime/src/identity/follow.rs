//! Keeps keys and revocations up to date for as long as the process runs.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bus::{Broadcast, BroadcastItem, Bus};
use chrono::{DateTime, Utc};
use contracts::Event as _;
use contracts::tradewind::auth::v1::auth_service_client::AuthServiceClient;
use contracts::tradewind::auth::v1::{ListRevocationsRequest, SessionsRevoked};
use futures::StreamExt as _;
use futures::future::{Fuse, FutureExt as _};
use net::backoff::Backoff;
use net::readiness::Gate;
use net::telemetry::Dependency;
use prost::Message as _;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use uuid::Uuid;

use super::Identity;
use super::revocations::Revocation;

/// Keys that were taken back are forgotten after this time at the latest.
const FETCH_KEYS_EVERY: Duration = Duration::from_secs(60);
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
const PAGE: i32 = 10_000;

impl Identity {
    /// Fetches the keys until the first are here, then every minute.
    pub(crate) async fn follow_keys(&self, gate: Gate, shutdown: CancellationToken) {
        let mut gate = Some(gate);
        let mut backoff = BACKOFF;
        while !shutdown.is_cancelled() {
            let fetched = self.verifier.fetch_keys().await;
            if let (Err(status), Some(gate)) = (&fetched, &gate) {
                gate.set(status.message());
            }
            let pause = if self.verifier.has_keys() {
                gate = None;
                FETCH_KEYS_EVERY
            } else {
                backoff.pause()
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = shutdown.cancelled() => {}
            }
        }
    }

    /// Listens for revocations; reads them all at the start and after every gap.
    pub(crate) async fn follow_revocations(
        &self,
        bus: Bus,
        tokens: Dependency,
        gate: Gate,
        shutdown: CancellationToken,
    ) {
        let broadcast = bus.broadcast(&[SessionsRevoked::SUBJECT]);
        shutdown
            .run_until_cancelled(self.listen(broadcast, &tokens, gate))
            .await;
    }

    /// The first item is a gap: what ended before is read then, and nothing falls in between, as
    /// what is heard meanwhile holds at once.
    async fn listen(&self, mut broadcast: Broadcast, tokens: &Dependency, gate: Gate) {
        let gate = Mutex::new(Some(gate));
        let reading = Fuse::terminated();
        tokio::pin!(reading);
        loop {
            tokio::select! {
                item = broadcast.next() => match item {
                    Some(BroadcastItem::Event(event)) => match SessionsRevoked::decode(&*event.data) {
                        Ok(revoked) => self.revocations().insert(told(&revoked)),
                        Err(error) => tracing::error!(%error, event.id = %event.id, "unreadable"),
                    },
                    // What is being read may be older than this gap.
                    Some(BroadcastItem::Gap) => {
                        reading.set(self.read_revocations(&gate, tokens).fuse());
                    }
                    None => return,
                },
                () = &mut reading => {}
            }
        }
    }

    /// Reads until it succeeds. The gate goes with the first success.
    async fn read_revocations(&self, gate: &Mutex<Option<Gate>>, tokens: &Dependency) {
        let gate = || gate.lock().unwrap_or_else(PoisonError::into_inner);
        let say = |why: &str| match &*gate() {
            Some(gate) => gate.set(why),
            None => tokens.is(&Err(why.to_owned())),
        };
        let mut backoff = BACKOFF;
        loop {
            match self.list_revocations().await {
                Ok(revocations) => {
                    self.revocations().insert(revocations);
                    self.revocations().set_awaited(false);
                    tokens.is(&Ok(()));
                    gate().take();
                    return;
                }
                Err(status) => say(status.message()),
            }
            tokio::time::sleep(backoff.pause()).await;
        }
    }

    async fn list_revocations(&self) -> Result<Vec<Revocation>, Status> {
        if let Some(source) = self.verifier.revocation_source() {
            return source().await;
        }
        let Some(authority) = self.verifier.authority() else {
            return Ok(Vec::new());
        };
        let mut client = AuthServiceClient::new(authority.clone());
        let mut revocations = Vec::new();
        let mut page_token = String::new();
        loop {
            let ask = ListRevocationsRequest {
                since: None,
                page_size: PAGE,
                page_token,
            };
            let mut request = tonic::Request::new(ask);
            if let Some(token) = self.own_token().await? {
                request
                    .metadata_mut()
                    .as_mut()
                    .insert(crate::metadata::WORKLOAD_AUTHORIZATION, token);
            }
            let page = client.list_revocations(request).await?.into_inner();
            revocations.extend(page.revocations.iter().filter_map(|one| {
                let session_id = Uuid::parse_str(&one.session_id).ok()?;
                Some(Revocation {
                    session_id,
                    forget_time: time(one.forget_time.as_ref()),
                })
            }));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(revocations);
            }
        }
    }
}

fn told(revoked: &SessionsRevoked) -> Vec<Revocation> {
    let forget_time = time(revoked.forget_time.as_ref());
    let ids = revoked
        .session_ids
        .iter()
        .filter_map(|id| Uuid::parse_str(id).ok());
    ids.map(|session_id| Revocation {
        session_id,
        forget_time,
    })
    .collect()
}

/// A time that was left out never comes: better to remember for too long than to forget.
fn time(timestamp: Option<&prost_types::Timestamp>) -> DateTime<Utc> {
    timestamp
        .and_then(|time| DateTime::from_timestamp(time.seconds, time.nanos.max(0) as u32))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

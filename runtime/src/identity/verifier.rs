//! Verifies tokens against the authority's keys, and remembers which were good.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use contracts::tradewind::auth::v1::GetJwksRequest;
use contracts::tradewind::auth::v1::auth_service_client::AuthServiceClient;
use futures::future::BoxFuture;
use moka::sync::Cache;
use net::clock::Clock;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tonic::Status;

use super::claims::{AccessClaims, Issuer, WorkloadClaims};
use super::error::VerifyError;
use super::keys::{Jwk, KeyError, VerifyingKeys};
use super::revocations::{Revocation, Revocations};
use crate::call::User;
use crate::client::Channel;

/// How long after its expiry a user's token counts for calls within the mesh: a request that the edge
/// took in time is done although the token ends on the way. Only beside a workload's token, and never
/// to begin a stream.
pub const EXPIRY_GRACE: Duration = Duration::from_secs(60);
/// Verified tokens that are remembered, of each kind.
const REMEMBERED: u64 = 10_000;
/// Unknown key ids make the keys be fetched at most this often.
const REFETCH_AFTER: Duration = Duration::from_secs(5);
/// The same as long as there is no key at all.
const FETCH_FIRST_AFTER: Duration = Duration::from_millis(100);

pub(crate) type RevocationSource =
    Arc<dyn Fn() -> BoxFuture<'static, Result<Vec<Revocation>, Status>> + Send + Sync>;

/// Verifies tokens; one for all services of a process.
#[derive(Clone, Debug)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    issuer: Issuer,
    clock: Clock,
    keys: ArcSwap<VerifyingKeys>,
    installed: ArcSwap<Vec<Jwk>>,
    users: Cache<String, (User, i64)>,
    workloads: Cache<String, (Arc<str>, i64)>,
    revocations: Revocations,
    authority: OnceLock<Channel>,
    revocation_source: OnceLock<RevocationSource>,
    last_fetch: Mutex<Option<Instant>>,
}

impl Verifier {
    /// A verifier that knows no key yet.
    pub fn new(issuer: Issuer, clock: Clock) -> Verifier {
        Verifier(Arc::new(Inner {
            issuer,
            revocations: Revocations::new(clock.clone()),
            clock,
            keys: ArcSwap::default(),
            installed: ArcSwap::default(),
            users: Cache::new(REMEMBERED),
            workloads: Cache::new(REMEMBERED),
            authority: OnceLock::new(),
            revocation_source: OnceLock::new(),
            last_fetch: Mutex::new(None),
        }))
    }

    /// Whose tokens count.
    pub fn issuer(&self) -> &Issuer {
        &self.0.issuer
    }

    /// The sessions that ended before their time.
    pub fn revocations(&self) -> &Revocations {
        &self.0.revocations
    }

    /// See [`super::Identity::verify_user`].
    pub async fn verify_user(&self, token: &str) -> Result<User, VerifyError> {
        let (user, _) = self.user_until(token, Duration::ZERO).await?;
        Ok(user)
    }

    /// The user of a token that expired at most `grace` ago, and when it expires, in seconds since
    /// 1970.
    pub(crate) async fn user_until(
        &self,
        token: &str,
        grace: Duration,
    ) -> Result<(User, i64), VerifyError> {
        let now = (self.0.clock.now() - grace).timestamp();
        let (user, expires) = match self.0.users.get(token) {
            Some((_, expires)) if expires <= now => return Err(VerifyError::Expired),
            Some(known) => known,
            None => Box::pin(self.verify_new_user(token, now)).await?,
        };
        // In this order: once they are no longer awaited, all of them are there to be found.
        if self.0.revocations.are_awaited() {
            return Err(VerifyError::RevocationsUnknown);
        }
        if self.0.revocations.contains(user.session_id) {
            return Err(VerifyError::Revoked);
        }
        Ok((user, expires))
    }

    async fn verify_new_user(&self, token: &str, now: i64) -> Result<(User, i64), VerifyError> {
        self.have_key_of(token).await?;
        let claims: AccessClaims = self
            .0
            .keys
            .load()
            .verify_issued(token, &self.0.issuer, now)?;
        let user = User {
            id: claims.sub,
            session_id: claims.sid,
            roles: claims.roles.into(),
            is_script: claims.pat,
        };
        let known = (user, claims.exp);
        self.0.users.insert(token.to_owned(), known.clone());
        Ok(known)
    }

    /// See [`super::Identity::verify_workload`].
    pub async fn verify_workload(&self, token: &str) -> Result<Arc<str>, VerifyError> {
        let (name, _) = self.workload_until(token).await?;
        Ok(name)
    }

    /// The workload of a token, and when it expires, in seconds since 1970.
    pub(crate) async fn workload_until(&self, token: &str) -> Result<(Arc<str>, i64), VerifyError> {
        let now = self.0.clock.now().timestamp();
        match self.0.workloads.get(token) {
            Some((_, expires)) if expires <= now => return Err(VerifyError::Expired),
            Some(known) => return Ok(known),
            None => {}
        }
        self.have_key_of(token).await?;
        let claims: WorkloadClaims =
            self.0
                .keys
                .load()
                .verify_issued(token, &self.0.issuer, now)?;
        let known: (Arc<str>, i64) = (claims.sub.into(), claims.exp);
        self.0.workloads.insert(token.to_owned(), known.clone());
        Ok(known)
    }

    /// Replaces the keys. What was verified with others is forgotten.
    pub fn install_keys(&self, keys: &[Jwk]) -> Result<(), KeyError> {
        if self.0.installed.load().as_slice() == keys {
            return Ok(());
        }
        self.0.keys.store(Arc::new(VerifyingKeys::new(keys)?));
        self.0.installed.store(Arc::new(keys.to_vec()));
        self.0.users.invalidate_all();
        self.0.workloads.invalidate_all();
        Ok(())
    }

    /// Where keys come from when nobody installs them: svc-auth.
    pub(crate) fn set_authority(&self, channel: Channel) {
        // The first one stays: there is one svc-auth in a mesh.
        let _ = self.0.authority.set(channel);
    }

    pub(crate) fn authority(&self) -> Option<&Channel> {
        self.0.authority.get()
    }

    pub(crate) fn set_revocation_source(&self, source: RevocationSource) {
        // The first one stays: there is one svc-auth in a process.
        let _ = self.0.revocation_source.set(source);
    }

    pub(crate) fn revocation_source(&self) -> Option<RevocationSource> {
        self.0.revocation_source.get().cloned()
    }

    /// Whether there is a key to verify with.
    pub fn has_keys(&self) -> bool {
        !self.0.keys.load().is_empty()
    }

    async fn have_key_of(&self, token: &str) -> Result<(), VerifyError> {
        if self.0.keys.load().knows_key_of(token)? {
            return Ok(());
        }
        let fetched = self.fetch_keys().await;
        let keys = self.0.keys.load();
        match (keys.knows_key_of(token)?, fetched) {
            (true, _) => Ok(()),
            (false, Ok(())) => Err(VerifyError::Invalid("signed by an unknown key".into())),
            (false, Err(_)) => Err(VerifyError::KeysUnavailable),
        }
    }

    /// Fetches the keys, unless that was done just now; the last good ones stay if it fails.
    pub(crate) async fn fetch_keys(&self) -> Result<(), Status> {
        let Some(authority) = self.0.authority.get() else {
            return Ok(());
        };
        let pause = if self.has_keys() {
            REFETCH_AFTER
        } else {
            FETCH_FIRST_AFTER
        };
        let mut last_fetch = self.0.last_fetch.lock().await;
        if last_fetch.is_some_and(|last| last.elapsed() < pause) {
            return if self.has_keys() {
                Ok(())
            } else {
                Err(Status::unavailable("no keys yet"))
            };
        }
        *last_fetch = Some(Instant::now());
        let reply = AuthServiceClient::new(authority.clone())
            .get_jwks(GetJwksRequest {})
            .await;
        let keys = reply?.into_inner().keys;
        self.install_keys(&keys)
            .map_err(|error| Status::internal(error.to_string()))
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier")
            .field("keys", &self.keys.load())
            .finish_non_exhaustive()
    }
}

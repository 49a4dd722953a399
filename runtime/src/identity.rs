//! Who callers are, and who this process is: tokens of users and of workloads.

mod claims;
mod error;
mod follow;
pub mod foreign;
mod keys;
mod own;
pub mod personal;
mod revocations;
mod verifier;

use std::sync::Arc;

use futures::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue};
use net::client::Credentials;
use net::clock::Clock;
use net::random::Random;
use tonic::Status;
use uuid::Uuid;

pub use claims::{ACCESS_TYPE, ASSERTION_TYPE, AccessClaims, AssertionClaims, WORKLOAD_TYPE};
pub use claims::{Claims, Issuer, WorkloadClaims};
pub use error::VerifyError;
pub use keys::{Jwk, KeyError, Signer, VerifyingKeys};
pub use revocations::{Revocation, Revocations};
#[cfg(feature = "testing")]
pub(crate) use verifier::RevocationSource;
pub use verifier::{EXPIRY_GRACE, Verifier};

use crate::call::User;
use crate::metadata::WORKLOAD_AUTHORIZATION;
use crate::unproved;
use own::OwnToken;

/// Verifies the tokens of callers and holds this workload's own token.
#[derive(Clone, Debug)]
pub struct Identity {
    name: &'static str,
    verifier: Verifier,
    own: OwnToken,
}

impl Identity {
    /// The identity of the workload `name`. With a signer, it proves itself to svc-auth by it.
    pub fn new(
        name: &'static str,
        verifier: Verifier,
        key: Option<Signer>,
        clock: Clock,
        random: Random,
    ) -> Identity {
        let own = OwnToken::new(name, verifier.issuer().clone(), key, clock, random);
        Identity {
            name,
            verifier,
            own,
        }
    }

    /// The name of this workload.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The part that all services of a process share.
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// The user of an access token; asks the revocations also if the token was seen before. No
    /// second longer than it holds: the grace of [`EXPIRY_GRACE`] is for service ports alone.
    pub async fn verify_user(&self, token: &str) -> Result<User, VerifyError> {
        self.verifier.verify_user(token).await
    }

    /// The name of the workload of a workload token.
    pub async fn verify_workload(&self, token: &str) -> Result<Arc<str>, VerifyError> {
        self.verifier.verify_workload(token).await
    }

    /// Replaces the public keys: svc-auth calls it at its start and when keys rotate.
    pub fn install_keys(&self, keys: &[Jwk]) -> Result<(), KeyError> {
        self.verifier.install_keys(keys)
    }

    /// Signs this workload's own tokens without asking anybody: svc-auth calls it.
    pub fn set_own_signer(&self, signer: Signer) {
        self.own.set_signer(signer);
    }

    /// Where revocations are read from at the start and after a gap, instead of svc-auth's
    /// ListRevocations: svc-auth calls it, with a reader of its own database.
    pub fn set_revocation_source<F>(&self, source: F)
    where
        F: Fn() -> BoxFuture<'static, Result<Vec<Revocation>, Status>> + Send + Sync + 'static,
    {
        self.verifier.set_revocation_source(Arc::new(source));
    }

    /// The sessions that ended before their time.
    pub fn revocations(&self) -> &Revocations {
        self.verifier.revocations()
    }

    /// Completes when the session is revoked, for streams that must end then.
    pub async fn revoked(&self, session_id: Uuid) {
        self.verifier.revocations().revoked(session_id).await;
    }

    /// This workload's own token as the value of `x-workload-authorization`, waiting for the
    /// first one; none if the workload has no key.
    pub async fn own_token(&self) -> Result<Option<HeaderValue>, Status> {
        self.own.token().await
    }

    pub(crate) fn own(&self) -> &OwnToken {
        &self.own
    }
}

/// This workload's own token goes along with what it calls.
impl Credentials for Identity {
    fn header(&self) -> HeaderName {
        WORKLOAD_AUTHORIZATION
    }

    fn at_hand(&self) -> Option<HeaderValue> {
        self.own.token_now()
    }

    fn get(&self) -> BoxFuture<'_, Result<Option<HeaderValue>, Status>> {
        Box::pin(self.own.token())
    }

    fn refused(&self, callee: &str, reply: &HeaderMap) -> Option<Status> {
        unproved::own(callee, reply)
    }
}

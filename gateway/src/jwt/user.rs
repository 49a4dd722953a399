//! A user whose token was verified.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use http::HeaderMap;
use net::clock::Clock;
use tonic::Status;

use super::issuer::Issuer;
use super::keys::Keys;
use super::refused::Refused;
use crate::caller::Caller;

/// A user whose token was verified.
pub(super) struct User {
    /// The issuer and its name for the user, which no other issuer's users have.
    pub(super) id: Arc<str>,
    pub(super) roles: Vec<String>,
    pub(super) metadata: HeaderMap,
    /// When the token stops to hold, in seconds since 1970.
    pub(super) ends: i64,
    pub(super) clock: Clock,
    pub(super) realm: Arc<str>,
    pub(super) issuer: Arc<Issuer>,
    /// By which it was verified.
    pub(super) keys: Arc<Keys>,
}

impl User {
    /// Whether what was found once is still so.
    pub(super) fn is_current(&self) -> bool {
        self.issuer
            .keys()
            .is_some_and(|keys| Arc::ptr_eq(&keys, &self.keys))
    }

    pub(super) fn has_expired(&self) -> bool {
        self.clock.now().timestamp() >= self.ends
    }
}

impl Caller for User {
    fn id(&self) -> &Arc<str> {
        &self.id
    }

    fn token(&self) -> Option<&str> {
        None
    }

    fn metadata(&self) -> Option<&HeaderMap> {
        Some(&self.metadata)
    }

    /// Its token expires.
    fn over(&self) -> BoxFuture<'_, Status> {
        Box::pin(async {
            let now = self.clock.now().timestamp_millis();
            let left = self.ends.saturating_mul(1000).saturating_sub(now).max(0);
            tokio::time::sleep(Duration::from_millis(left.cast_unsigned())).await;
            Refused::Expired.status(&self.realm)
        })
    }
}

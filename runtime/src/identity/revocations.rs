//! The sessions that ended before their access tokens expire.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};

use chrono::{DateTime, Utc};
use net::clock::Clock;
use tokio::sync::watch;
use uuid::Uuid;

/// A session that ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Id of the session.
    pub session_id: Uuid,
    /// When its last access token counts nowhere any more, also not within
    /// [`super::EXPIRY_GRACE`], and this can be forgotten.
    pub forget_time: DateTime<Utc>,
}

/// The set of revoked sessions, each kept for as long as a token of it can live.
#[derive(Clone, Debug)]
pub struct Revocations {
    clock: Clock,
    sessions: Arc<RwLock<HashMap<Uuid, DateTime<Utc>>>>,
    changes: watch::Sender<u64>,
    awaited: Arc<AtomicBool>,
}

impl Revocations {
    pub(crate) fn new(clock: Clock) -> Revocations {
        Revocations {
            clock,
            sessions: Arc::default(),
            changes: watch::channel(0).0,
            awaited: Arc::default(),
        }
    }

    /// They are about to be read: until then nobody can say that a session has not ended.
    pub(crate) fn set_awaited(&self, awaited: bool) {
        self.awaited.store(awaited, Ordering::Release);
    }

    pub(crate) fn are_awaited(&self) -> bool {
        self.awaited.load(Ordering::Acquire)
    }

    /// Whether the session has ended.
    pub fn contains(&self, session_id: Uuid) -> bool {
        let sessions = self
            .sessions
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        !sessions.is_empty() && sessions.contains_key(&session_id)
    }

    /// Adds sessions, and forgets those whose time is over.
    pub fn insert(&self, revocations: impl IntoIterator<Item = Revocation>) {
        let now = self.clock.now();
        let mut sessions = self
            .sessions
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        sessions.retain(|_, forget_time| *forget_time > now);
        for revocation in revocations.into_iter().filter(|one| one.forget_time > now) {
            sessions.insert(revocation.session_id, revocation.forget_time);
        }
        drop(sessions);
        self.changes.send_modify(|version| *version += 1);
    }

    /// Completes when the session has ended.
    pub async fn revoked(&self, session_id: Uuid) {
        let mut changes = self.changes.subscribe();
        // It cannot fail: `self` keeps the sender.
        let _ = changes.wait_for(|_| self.contains(session_id)).await;
    }

    /// How many sessions are known to have ended.
    pub fn len(&self) -> usize {
        self.sessions
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_revocation_is_forgotten_when_no_token_of_it_can_live() {
        let (clock, hands) = Clock::manual(Default::default());
        let revocations = Revocations::new(clock.clone());
        let revocation = |n| Revocation {
            session_id: Uuid::from_u128(n),
            forget_time: clock.now() + Duration::from_secs(60),
        };
        revocations.insert([revocation(1)]);
        assert!(revocations.contains(Uuid::from_u128(1)));
        assert!(!revocations.contains(Uuid::from_u128(2)));
        hands.advance(Duration::from_secs(61));
        revocations.insert([revocation(2)]);
        assert_eq!(revocations.len(), 1);
    }
}

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::{sync, time::Instant};

use super::Scope;

/// Calls with the same key take turns within a process: repetitions wait for the first without
/// work of their own.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<Scope, Weak<sync::Mutex<()>>>>);

impl Turns {
    /// From how many keys on it looks for those that nobody holds any more.
    const SWEEP_FROM: usize = 1024;

    /// Waits for the turn; `None` if it did not come in time.
    pub(super) async fn take(
        &self,
        scope: &Scope,
        until: Instant,
    ) -> Option<sync::OwnedMutexGuard<()>> {
        let turn = self.of(scope);
        tokio::time::timeout_at(until, turn.lock_owned()).await.ok()
    }

    fn of(&self, scope: &Scope) -> Arc<sync::Mutex<()>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(scope).and_then(Weak::upgrade) {
            return turn;
        }
        if turns.len() >= Self::SWEEP_FROM {
            turns.retain(|_, turn| turn.strong_count() > 0);
        }
        let turn = Arc::default();
        turns.insert(scope.clone(), Arc::downgrade(&turn));
        turn
    }
}

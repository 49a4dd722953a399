//! Those who wait for an order to change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bus::{BroadcastItem, Bus};
use contracts::Event as _;
use contracts::tradewind::orders::v1::OrderChanged;
use futures::StreamExt as _;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Wakes whoever waits for an order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watchers(Arc<Mutex<HashMap<Uuid, watch::Sender<()>>>>);

/// One who waits for an order.
#[derive(Debug)]
pub(crate) struct Watcher {
    order: Uuid,
    news: watch::Receiver<()>,
    watchers: Watchers,
}

impl Watchers {
    /// Waits for `order` from now on.
    pub(crate) fn watch(&self, order: Uuid) -> Watcher {
        let news = self
            .lock()
            .entry(order)
            .or_insert_with(|| watch::channel(()).0)
            .subscribe();
        Watcher {
            order,
            news,
            watchers: self.clone(),
        }
    }

    /// Something happened to `order`.
    pub(crate) fn wake(&self, order: Uuid) {
        if let Some(waiting) = self.lock().get(&order) {
            waiting.send_replace(());
        }
    }

    /// Something may have happened to any order.
    pub(crate) fn wake_all(&self) {
        for waiting in self.lock().values() {
            waiting.send_replace(());
        }
    }

    /// Wakes those who watch an order at every change of it, whichever replica made it.
    pub(crate) async fn follow(self, bus: Bus, shutdown: CancellationToken) {
        let mut news = bus.broadcast(&[OrderChanged::SUBJECT]);
        while let Some(Some(item)) = shutdown.run_until_cancelled(news.next()).await {
            match item {
                BroadcastItem::Event(event) => {
                    if let Ok(order) = event.aggregate_id.parse() {
                        self.wake(order);
                    }
                }
                BroadcastItem::Gap => self.wake_all(),
            }
        }
        shutdown.cancelled().await;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher {
    /// Completes when something happened since it was called last, or since the watch began.
    pub(crate) async fn changed(&mut self) {
        // It cannot fail: the sender stays as long as there is a watcher.
        let _ = self.news.changed().await;
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let mut waiting = self.watchers.lock();
        if waiting
            .get(&self.order)
            .is_some_and(|sender| sender.receiver_count() <= 1)
        {
            waiting.remove(&self.order);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_watcher_wakes_for_its_own_order_and_for_all() {
        let watchers = Watchers::default();
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut watcher = watchers.watch(one);
        watchers.wake(two);
        assert!(watcher.changed().now_or_never().is_none());
        watchers.wake(one);
        watcher.changed().await;
        watchers.wake_all();
        watcher.changed().await;
        assert!(watcher.changed().now_or_never().is_none());
    }

    #[test]
    fn nothing_is_kept_of_those_who_left() {
        let watchers = Watchers::default();
        let (one, two) = (watchers.watch(Uuid::nil()), watchers.watch(Uuid::nil()));
        drop(one);
        assert_eq!(watchers.lock().len(), 1);
        drop(two);
        assert!(watchers.lock().is_empty());
    }
}

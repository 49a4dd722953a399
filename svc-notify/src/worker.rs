//! Sends what is due. Each webhook has a queue of its own, and so many at once: whose server is slow or
//! dead waits for itself alone.
//!
//! A delivery is taken up in one transaction, sent outside of any, and what came of it is written in
//! another, with that of others that came back meanwhile. Who dies in between leaves it to its lease:
//! then it is sent once more, with the same id.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use net::planted::is_planted;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::crash::{Crash, Point};
use crate::domain::{Attempt, DisabledReason, LONGEST_FAILING, Outcome, Secret, after_failure};
use crate::error::Error;
use crate::sender::{Letter, Sender};
use crate::service::Notify;
use crate::store::queue::{self, Claimed, Queue};
use crate::store::webhooks;

/// How often the database is asked what is due, if nobody says so.
const ROUND: Duration = Duration::from_millis(500);

/// How much is sent at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// In all.
    pub(crate) total: usize,
    /// To one webhook. To one of which nothing but failures came, it is one.
    pub(crate) each: usize,
    /// For how long a delivery is left to whoever sends it. Longer than an attempt takes.
    pub(crate) lease: Duration,
}

/// The worker of a process.
pub(crate) struct Worker {
    pub(crate) notify: Notify,
    pub(crate) sender: Sender,
    pub(crate) limits: Limits,
    pub(crate) crash: Crash,
}

/// A delivery that came back, with what came of it; nothing where a test has it crash.
struct Sent {
    webhook: Uuid,
    claimed: Claimed,
    attempt: Option<Attempt>,
}

/// What is on its way.
#[derive(Default)]
struct UnderWay {
    tasks: JoinSet<Sent>,
    /// By webhook: how many, and whether it is failing.
    of: HashMap<Uuid, (usize, bool)>,
    /// Who is asked first: another one each time.
    turn: usize,
}

impl Worker {
    /// Sends until `shutdown`; what is on its way then comes to its end.
    pub(crate) async fn run(self, shutdown: CancellationToken) {
        let mut under_way = UnderWay::default();
        while !shutdown.is_cancelled() {
            self.take_up(&mut under_way).await;
            tokio::select! {
                biased;
                () = shutdown.cancelled() => {}
                Some(first) = under_way.tasks.join_next() => {
                    self.settle(first, &mut under_way).await;
                }
                () = self.notify.wake.notified() => {}
                () = tokio::time::sleep(ROUND) => {}
            }
        }
        while let Some(first) = under_way.tasks.join_next().await {
            self.settle(first, &mut under_way).await;
        }
    }

    /// Takes up what is due, as much as may be sent at once.
    async fn take_up(&self, under_way: &mut UnderWay) {
        if let Err(error) = self.claim(under_way).await {
            tracing::warn!(%error, "the deliveries cannot be read");
        }
    }

    async fn claim(&self, under_way: &mut UnderWay) -> Result<(), Error> {
        let now = self.notify.clock.now();
        if under_way.tasks.len() >= self.limits.total {
            return Ok(());
        }
        let mut tx = self.notify.db.read().await?;
        let mut queues = queue::waiting(&mut tx, now).await?;
        drop(tx);
        if !queues.is_empty() {
            under_way.turn = under_way.turn.wrapping_add(1);
            let first = under_way.turn % queues.len();
            queues.rotate_left(first);
        }
        let shares = shares(&self.limits, &queues, under_way);
        if shares.is_empty() {
            return Ok(());
        }
        let until = now + self.limits.lease;
        let mut taken = Vec::new();
        let mut tx = self.notify.db.begin().await?;
        for (queue, share) in shares {
            let limit = i64::try_from(share).unwrap_or(i64::MAX);
            let claimed = queue::claim(&mut tx, queue.webhook_id, now, until, limit).await?;
            if is_planted("record before sending") {
                let transitions = &self.notify.metrics.transitions;
                let all: Vec<_> = claimed.iter().collect();
                queue::succeeded(&mut tx, &all, now, transitions).await?;
            }
            if !claimed.is_empty() {
                match self.notify.secrets(&mut tx, queue.webhook_id).await {
                    Ok(secrets) => taken.push((queue, secrets, claimed)),
                    // They are left to their lease: others' are sent all the same.
                    Err(error @ Error::Seal(_)) => {
                        let id = queue.webhook_id;
                        tracing::error!(webhook.id = %id, %error, "the secret of a webhook is lost");
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        tx.commit().await?;
        for (queue, secrets, claimed) in taken {
            let of = under_way.of.entry(queue.webhook_id).or_default();
            *of = (of.0 + claimed.len(), queue.is_failing);
            for claimed in claimed {
                let send = self.send(queue.clone(), secrets.clone(), claimed);
                under_way.tasks.spawn(send);
            }
        }
        Ok(())
    }

    fn send(
        &self,
        queue: Queue,
        secrets: Vec<Secret>,
        claimed: Claimed,
    ) -> impl Future<Output = Sent> + Send + use<> {
        let (sender, crash) = (self.sender.clone(), self.crash.clone());
        let metrics = self.notify.metrics.clone();
        async move {
            let mut sent = Sent {
                webhook: queue.webhook_id,
                attempt: None,
                claimed,
            };
            if crash.is_at(Point::Claimed) {
                return sent;
            }
            let letter = Letter {
                url: &queue.url,
                event_id: sent.claimed.event_id,
                payload: std::mem::take(&mut sent.claimed.payload),
                secrets: &secrets,
            };
            let began = tokio::time::Instant::now();
            let attempt = sender.send(letter).await;
            metrics.attempted(began.elapsed(), attempt.outcome);
            if !crash.is_at(Point::Sent) {
                sent.attempt = Some(attempt);
            }
            sent
        }
    }

    /// Writes what has come back, all in one transaction.
    async fn settle(&self, first: Result<Sent, tokio::task::JoinError>, under_way: &mut UnderWay) {
        let mut back: BTreeMap<Uuid, Vec<(Claimed, Attempt)>> = BTreeMap::new();
        let mut next = Some(first);
        while let Some(ended) = next {
            match ended {
                Ok(sent) => {
                    under_way.came_back(sent.webhook);
                    if let Some(attempt) = sent.attempt {
                        back.entry(sent.webhook)
                            .or_default()
                            .push((sent.claimed, attempt));
                    }
                }
                // Whose it was is not known: the counts begin anew once all are back.
                Err(error) => tracing::error!(%error, "an attempt to send an event broke off"),
            }
            next = under_way.tasks.try_join_next();
        }
        if under_way.tasks.is_empty() {
            under_way.of.clear();
        }
        if back.is_empty() {
            return;
        }
        if let Err(error) = self.write(back).await {
            // They are leased until the lease is over, and then sent again.
            tracing::warn!(%error, "what came of deliveries could not be written");
        }
    }

    /// Webhooks in the order of their ids, each before its deliveries, so that replicas do not wait for
    /// each other.
    async fn write(
        &self,
        back: BTreeMap<Uuid, Vec<(Claimed, Attempt)>>,
    ) -> Result<(), store::Error> {
        let notify = &self.notify;
        let now = notify.clock.now();
        let mut tx = notify.db.begin().await?;
        let mut locked = BTreeMap::new();
        for (webhook, ended) in &back {
            let came = |outcome| ended.iter().any(|(_, attempt)| attempt.outcome == outcome);
            let has_succeeded = came(Outcome::Succeeded);
            if has_succeeded {
                webhooks::succeeded(&mut tx, *webhook).await?;
            } else {
                webhooks::failed(&mut tx, *webhook, now).await?;
            }
            if !has_succeeded || came(Outcome::Gone) {
                let found = webhooks::lock(&mut tx, *webhook).await?;
                locked.extend(found.map(|found| (*webhook, (found, came(Outcome::Gone)))));
            }
        }
        let (mut succeeded, mut noted) = (Vec::new(), Vec::new());
        let transitions = &notify.metrics.transitions;
        for ended in back.values() {
            for (claimed, attempt) in ended {
                noted.push((notify.new_id(), claimed, attempt));
                if attempt.outcome == Outcome::Succeeded {
                    succeeded.push(claimed);
                    continue;
                }
                let chance = notify.random.below(1000);
                let fate = after_failure(claimed.failures, chance, attempt.retry_after, now);
                queue::settle(&mut tx, claimed, fate, now, transitions).await?;
            }
        }
        queue::succeeded(&mut tx, &succeeded, now, transitions).await?;
        queue::note(&mut tx, &noted).await?;
        for (mut webhook, is_gone) in locked.into_values() {
            let since = webhook.failing_since;
            let is_failing = since.is_some_and(|since| now - since >= LONGEST_FAILING);
            if is_gone || is_failing {
                let reason = match is_gone {
                    true => DisabledReason::Gone,
                    false => DisabledReason::Failing,
                };
                notify.disable(&mut tx, &mut webhook, reason).await?;
            }
        }
        tx.commit().await
    }
}

impl UnderWay {
    fn came_back(&mut self, webhook: Uuid) {
        if let Some((count, _)) = self.of.get_mut(&webhook) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.of.remove(&webhook);
            }
        }
    }
}

/// How many of each queue are taken up now: as many as are free, in equal shares. Those that fail get
/// one each, and half of all together.
fn shares(limits: &Limits, queues: &[Queue], under_way: &UnderWay) -> Vec<(Queue, usize)> {
    let mut free = limits.total.saturating_sub(under_way.tasks.len());
    let failing = under_way.of.values().filter(|(_, is_failing)| *is_failing);
    let failing: usize = failing.map(|(count, _)| count).sum();
    let mut free_for_failing = (limits.total / 2).max(1).saturating_sub(failing);
    let share = (free / queues.len().max(1)).max(1);
    let mut shares = Vec::new();
    for queue in queues {
        let (has, _) = under_way
            .of
            .get(&queue.webhook_id)
            .copied()
            .unwrap_or_default();
        let most = if queue.is_failing { 1 } else { limits.each };
        let mut take = most.saturating_sub(has).min(share).min(free);
        if queue.is_failing {
            take = take.min(free_for_failing);
            free_for_failing -= take;
        }
        free -= take;
        if take > 0 {
            shares.push((queue.clone(), take));
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(number: u128, is_failing: bool) -> Queue {
        Queue {
            webhook_id: Uuid::from_u128(number),
            url: String::new(),
            is_failing,
        }
    }

    fn takes(queues: &[Queue], of: &[(u128, usize, bool)]) -> Vec<(u128, usize)> {
        let limits = Limits {
            total: 16,
            each: 4,
            lease: Duration::from_secs(30),
        };
        let of = of
            .iter()
            .map(|(id, has, failing)| (Uuid::from_u128(*id), (*has, *failing)));
        let under_way = UnderWay {
            of: of.collect(),
            ..UnderWay::default()
        };
        let shares = shares(&limits, queues, &under_way).into_iter();
        shares
            .map(|(queue, take)| (queue.webhook_id.as_u128(), take))
            .collect()
    }

    #[test]
    fn each_queue_has_its_share_and_no_more_than_its_own() {
        assert_eq!(takes(&[queue(1, false)], &[]), [(1, 4)]);
        assert_eq!(takes(&[queue(1, false)], &[(1, 3, false)]), [(1, 1)]);
        assert_eq!(takes(&[queue(1, false)], &[(1, 4, false)]), []);
        let eight: Vec<_> = (0..8).map(|number| queue(number, false)).collect();
        assert!(takes(&eight, &[]).iter().all(|(_, take)| *take == 2));
        let many: Vec<_> = (0..40).map(|number| queue(number, false)).collect();
        assert_eq!(takes(&many, &[]).len(), 16);
    }

    #[test]
    fn those_that_fail_get_one_each_and_half_of_all() {
        assert_eq!(takes(&[queue(1, true)], &[]), [(1, 1)]);
        assert_eq!(takes(&[queue(1, true)], &[(1, 1, true)]), []);
        let failing: Vec<_> = (0..40).map(|number| queue(number, true)).collect();
        assert_eq!(takes(&failing, &[]).len(), 8);
        let mixed: Vec<_> = failing.iter().cloned().chain([queue(99, false)]).collect();
        assert_eq!(takes(&mixed, &[]).last(), Some(&(99, 1)));
    }
}

//! The bus of one process. What it cannot settle stays with the publisher's outbox.

use std::{
    future::Future,
    sync::{Arc, PoisonError, RwLock},
};

use futures::{StreamExt, stream};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::{
    ATTEMPTS, Broadcast, BroadcastItem, Delivery, Event, Failure, WorkGroup, handler::Handler,
    subject,
};

/// How many events a slow listener may lag behind before it is told of a gap.
const BROADCAST_CAPACITY: usize = 1024;

pub(crate) struct InProcess {
    members: RwLock<Vec<Member>>,
    listeners: broadcast::Sender<Arc<Event>>,
}

/// One subject pattern of one member of a work group.
#[derive(Clone)]
struct Member {
    group: &'static str,
    pattern: &'static str,
    handler: Handler,
    shutdown: CancellationToken,
}

impl Default for InProcess {
    fn default() -> Self {
        Self {
            members: RwLock::default(),
            listeners: broadcast::channel(BROADCAST_CAPACITY).0,
        }
    }
}

impl InProcess {
    pub(crate) fn work_group(
        &self,
        group: WorkGroup,
        handler: &Handler,
    ) -> impl Future<Output = ()> + Send + use<> {
        let mut members = self.members.write().unwrap_or_else(PoisonError::into_inner);
        for pattern in group.subjects {
            // A stopped member stays listed, so that events are kept for its group, until
            // another takes its place.
            members.retain(|member| {
                !(member.group == group.name
                    && member.pattern == pattern
                    && member.shutdown.is_cancelled())
            });
            members.push(Member {
                group: group.name,
                pattern,
                handler: handler.clone(),
                shutdown: group.shutdown.clone(),
            });
        }
        drop(members);
        let shutdown = group.shutdown;
        async move { shutdown.cancelled().await }
    }

    pub(crate) fn broadcast(&self, subjects: Vec<String>) -> Broadcast {
        let receiver = self.listeners.subscribe();
        let heard = stream::unfold(
            (receiver, subjects),
            |(mut receiver, subjects)| async move {
                loop {
                    let item = match receiver.recv().await {
                        Ok(event)
                            if subjects.iter().any(|s| subject::matches(s, &event.subject)) =>
                        {
                            BroadcastItem::Event(Event::clone(&event))
                        }
                        Ok(_) => continue,
                        Err(broadcast::error::RecvError::Lagged(_)) => BroadcastItem::Gap,
                        Err(broadcast::error::RecvError::Closed) => return None,
                    };
                    return Some((item, (receiver, subjects)));
                }
            },
        );
        Broadcast::new(stream::once(async { BroadcastItem::Gap }).chain(heard))
    }

    /// Gives the event to one member of each interested group, and waits for all of them.
    pub(crate) async fn publish(&self, event: &Event, attempt: u32) -> Delivery {
        // No listener is no error.
        let _ = self.listeners.send(Arc::new(event.clone()));
        let interested = self.interested(&event.subject);
        let deliveries = interested
            .iter()
            .map(|member| member.deliver(event, attempt));
        let deliveries = futures::future::join_all(deliveries).await;
        let delivery = deliveries.into_iter().fold(Delivery::Settled, worse);
        if let Delivery::Dead { group, .. } = &delivery
            && let Some(member) = interested.iter().find(|member| member.group == group)
        {
            member.handler.metrics.gave_up(member.pattern);
        }
        delivery
    }

    /// One member of each group that wants the subject, a running one if there is one.
    fn interested(&self, subject: &str) -> Vec<Member> {
        let members = self.members.read().unwrap_or_else(PoisonError::into_inner);
        let mut chosen: Vec<Member> = Vec::new();
        for member in members
            .iter()
            .filter(|m| subject::matches(m.pattern, subject))
        {
            match chosen
                .iter_mut()
                .find(|c| c.group == member.group && c.pattern == member.pattern)
            {
                Some(other) if other.shutdown.is_cancelled() => *other = member.clone(),
                Some(_) => {}
                None => chosen.push(member.clone()),
            }
        }
        chosen
    }
}

impl Member {
    async fn deliver(&self, event: &Event, attempt: u32) -> Delivery {
        if self.shutdown.is_cancelled() {
            return Delivery::Retry {
                why: format!("{} has stopped", self.group),
                permanent: false,
            };
        }
        let (why, permanent) = match self.handler.handle(event.clone()).await {
            Ok(()) => return Delivery::Settled,
            Err(Failure::Permanent(why)) if attempt >= ATTEMPTS => {
                return Delivery::Dead {
                    group: self.group.into(),
                    why,
                };
            }
            Err(Failure::Permanent(why)) => (why, true),
            Err(Failure::Transient(why)) => (why, false),
        };
        self.handler.metrics.redelivered(self.pattern);
        Delivery::Retry {
            why: format!("{}: {why}", self.group),
            permanent,
        }
    }
}

/// A group that still waits goes before one that gave up: the event must not be put away while
/// somebody may yet take it.
fn worse(one: Delivery, other: Delivery) -> Delivery {
    use Delivery::{Dead, Retry, Settled};
    match (one, other) {
        (
            Retry { why, permanent },
            Retry {
                permanent: also, ..
            },
        ) => Retry {
            why,
            permanent: permanent || also,
        },
        (retry @ Retry { .. }, _) | (_, retry @ Retry { .. }) => retry,
        (dead @ Dead { .. }, _) | (_, dead @ Dead { .. }) => dead,
        (Settled, Settled) => Settled,
    }
}

//! The bus: it keeps what was published, and hands it to each group late, twice, in any order, until the
//! group has taken it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bus::testing::{Broker, Handler, matches};
use bus::{ATTEMPTS, BroadcastItem, Event, Failure, PublishError, WorkGroup};
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use tokio::sync::broadcast;
use tokio::time::sleep;
use uuid::Uuid;

use crate::process::Life;
use crate::world::{World, lock};

const PAUSE: Duration = Duration::from_millis(500);

/// What the server of the bus knows.
pub(crate) struct Hub {
    groups: Mutex<BTreeMap<Group, Vec<Member>>>,
    kept: Mutex<BTreeSet<Uuid>>,
    listeners: broadcast::Sender<Event>,
    /// Events that a group has not taken yet.
    on_their_way: Mutex<usize>,
}

/// Name and pattern of subjects.
type Group = (&'static str, &'static str);

#[derive(Clone)]
struct Member {
    life: Life,
    handler: Handler,
}

/// The way to it from one process.
pub(crate) struct Connection(Life);

impl Default for Hub {
    fn default() -> Hub {
        Hub {
            groups: Mutex::default(),
            kept: Mutex::default(),
            listeners: broadcast::channel(1024).0,
            on_their_way: Mutex::default(),
        }
    }
}

impl Hub {
    pub(crate) fn of(&self, life: &Life) -> Connection {
        Connection(life.clone())
    }

    pub(crate) fn is_idle(&self) -> bool {
        *lock(&self.on_their_way) == 0
    }

    pub(crate) fn forget_all(&self) {
        lock(&self.groups).clear();
    }

    fn keep(&self, world: &Arc<World>, event: &Event) {
        let is_new = lock(&self.kept).insert(event.id);
        if !is_new && world.weather.is_bus_exact {
            return;
        }
        // Nobody may listen.
        let _ = self.listeners.send(event.clone());
        let groups: Vec<Group> = lock(&self.groups).keys().copied().collect();
        for group in groups {
            if matches(group.1, &event.subject) {
                *lock(&self.on_their_way) += 1;
                let delivered = deliver(world.clone(), group, event.clone());
                tokio::spawn(delivered);
            }
        }
    }

    fn member(&self, group: Group) -> Option<Member> {
        let groups = lock(&self.groups);
        let living = groups.get(&group)?.iter().rfind(|one| !one.life.is_over());
        living.cloned()
    }
}

/// Hands an event to a group until it is taken.
async fn deliver(world: Arc<World>, group: Group, event: Event) {
    let mut attempts = 0;
    let what = format!("{} {} {}", group.0, event.subject, event.id);
    loop {
        world.travel().await;
        if world.befalls(world.weather.slow) {
            sleep(world.moment(8000)).await;
        }
        let Some(member) = world.hub.member(group) else {
            sleep(PAUSE).await;
            continue;
        };
        if world.befalls(world.weather.repeated) {
            let twin = member.clone();
            let event = event.clone();
            member
                .life
                .spawn(async move { twin.handler.handle(event).await });
        }
        let (handler, handed) = (member.handler.clone(), event.clone());
        let handled = member
            .life
            .spawn(async move { handler.handle(handed).await });
        match handled.await {
            Ok(Ok(())) if world.befalls(world.weather.lost_replies) => {
                world.note(format_args!("the bus does not hear that {what} was taken"));
            }
            Ok(Ok(())) => {
                world.note(format_args!("{what} is taken"));
                break;
            }
            Ok(Err(Failure::Transient(why))) => world.note(format_args!("{what}: {why}")),
            Ok(Err(Failure::Permanent(why))) => {
                attempts += 1;
                world.note(format_args!("{what}: {why}"));
                if attempts >= ATTEMPTS {
                    world.accuse(format_args!("{what} is a dead letter: {why}"));
                    break;
                }
            }
            Err(_) => world.note(format_args!("{what} is not taken: its process died")),
        }
        sleep(PAUSE).await;
    }
    *lock(&world.hub.on_their_way) -= 1;
}

impl Broker for Connection {
    fn publish<'e>(&'e self, event: &'e Event) -> BoxFuture<'e, Result<(), PublishError>> {
        let life = &self.0;
        let world = &life.world;
        Box::pin(async move {
            life.lives().await;
            let away = || Err(PublishError::Unavailable("it was told to".to_owned()));
            world.travel().await;
            life.lives().await;
            if world.befalls(world.weather.lost_requests) {
                return away();
            }
            let (name, subject, id) = (life.name, &event.subject, event.id);
            world.note(format_args!("{name} publishes {subject} {id}"));
            if !world.is_committed(name, id).await {
                world.accuse(format_args!(
                    "{name} tells of {subject}, which has not happened"
                ));
            }
            world.hub.keep(world, event);
            world.travel().await;
            life.lives().await;
            match world.befalls(world.weather.lost_replies) {
                true => away(),
                false => Ok(()),
            }
        })
    }

    fn join(&self, group: WorkGroup, handler: Handler) -> BoxFuture<'static, ()> {
        let mut groups = lock(&self.0.world.hub.groups);
        for pattern in group.subjects {
            let members = groups.entry((group.name, pattern)).or_default();
            members.retain(|member| !member.life.is_over());
            members.push(Member {
                life: self.0.clone(),
                handler: handler.clone(),
            });
        }
        let shutdown = group.shutdown;
        Box::pin(async move { shutdown.cancelled().await })
    }

    fn listen(&self, subjects: Vec<String>) -> BoxStream<'static, BroadcastItem> {
        let heard = self.0.world.hub.listeners.subscribe();
        let items = stream::unfold((heard, subjects), |(mut heard, subjects)| async move {
            loop {
                let item = match heard.recv().await {
                    Ok(event) if subjects.iter().any(|it| matches(it, &event.subject)) => {
                        BroadcastItem::Event(event)
                    }
                    Ok(_) => continue,
                    Err(broadcast::error::RecvError::Lagged(_)) => BroadcastItem::Gap,
                    Err(broadcast::error::RecvError::Closed) => return None,
                };
                return Some((item, (heard, subjects)));
            }
        });
        stream::once(async { BroadcastItem::Gap })
            .chain(items)
            .boxed()
    }
}

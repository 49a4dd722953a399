//! The endpoints of a service, and the choice among them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use http::{Request, Response};
use tokio::time::Instant;

use super::connection::StreamSlot;
use super::exchange::Incoming;
use super::failure::Failure;
use super::health::{Health, HealthChecks, Mark};
use super::link::Link;
use super::request::{Pool, RequestBody};
use super::standing::{Peers, Standing};
use super::target::Target;
use crate::address::Address;
use crate::random::Random;
use crate::readiness::Readiness;
use crate::telemetry::Standings;
use crate::tls;

/// DNS is asked again after this time, beside the calls.
const RESOLVE_EVERY: Duration = Duration::from_secs(5);
/// And after this one if there is nobody to call.
const RESOLVE_IN_NEED: Duration = Duration::from_secs(1);
/// An endpoint that is drawn before its share of calls has grown is put back so often.
const DRAWS: usize = 4;

#[derive(Debug)]
pub(super) struct Endpoints {
    address: Address,
    /// Whom servers in TLS are believed by.
    tls: Option<tls::Client>,
    random: Random,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    health: Health,
    peers: Arc<Peers>,
    list: ArcSwap<Vec<Arc<Endpoint>>>,
    resolved: ArcSwap<Option<Instant>>,
    resolving: AtomicBool,
    first: tokio::sync::Mutex<()>,
}

/// One address of a service.
#[derive(Debug)]
pub(super) struct Endpoint {
    target: Target,
    mark: Mark,
    standing: Standing,
    calls: Link,
    streams: Link,
}

/// An endpoint with a request under way, counted until it is dropped.
#[derive(Debug)]
pub(super) struct PendingRequest {
    endpoint: Arc<Endpoint>,
    pool: Pool,
}

/// What a reply takes until this is dropped.
#[derive(Debug)]
pub(super) struct Reservation {
    _slot: StreamSlot,
    _pending: PendingRequest,
}

impl Endpoints {
    pub(super) fn new(
        address: Address,
        tls: Option<tls::Client>,
        random: Random,
        health: Health,
        peers: Peers,
    ) -> Endpoints {
        let shared = Arc::new(Shared {
            health,
            peers: Arc::new(peers),
            list: ArcSwap::default(),
            resolved: ArcSwap::default(),
            resolving: AtomicBool::default(),
            first: tokio::sync::Mutex::default(),
        });
        let counted = Arc::downgrade(&shared);
        let metrics = shared.peers.metrics();
        metrics.tell(move || Some(counted.upgrade()?.standings()));
        Endpoints {
            address,
            tls,
            random,
            shared,
        }
    }

    /// Asks all of them how they are, for ever.
    pub(super) async fn ask_health(
        &self,
        service: &str,
        checks: &HealthChecks,
        readiness: &Readiness,
    ) {
        let targets = || Target::all(&self.address, self.tls.as_ref());
        let health = &self.shared.health;
        health.keep(service, targets, checks, readiness).await;
    }

    /// Chooses the one with fewer pending requests out of two at random, among those that are not
    /// known to be down, out or unwell, or among all if all are; `not` is chosen only if there is no
    /// other.
    pub(super) async fn pick(
        &self,
        pool: Pool,
        not: Option<&PendingRequest>,
    ) -> Result<PendingRequest, Failure> {
        let list = self.list().await?;
        if let [only] = list.as_slice() {
            if not.is_some() || !only.standing.is_in() {
                self.resolve_in_need();
                only.link(pool).hurry();
            }
            return Ok(PendingRequest::new(only, pool));
        }
        let other = |one: &&Arc<Endpoint>| not.is_none_or(|not| !Arc::ptr_eq(one, &not.endpoint));
        let up: Vec<_> = list
            .iter()
            .filter(other)
            .filter(|one| !one.mark.is_unwell() && !one.link(pool).is_down())
            .filter(|one| one.standing.is_in())
            .collect();
        let among = match up.is_empty() {
            true => {
                self.resolve_in_need();
                let all: Vec<_> = list.iter().filter(other).collect();
                all.iter().for_each(|one| one.link(pool).hurry());
                all
            }
            false => up,
        };
        let (first, second) = (self.draw(&among), self.draw(&among));
        let load = |one: &Endpoint| one.link(pool).pending.load(Ordering::Relaxed);
        let chosen = if load(second) < load(first) {
            second
        } else {
            first
        };
        Ok(PendingRequest::new(chosen, pool))
    }

    /// One of them at random.
    fn draw<'a>(&self, among: &[&'a Arc<Endpoint>]) -> &'a Arc<Endpoint> {
        let mut one = among[self.random.below(among.len())];
        for _ in 1..DRAWS {
            let share = one.standing.share();
            if share >= 100 || self.random.below(100) < share {
                break;
            }
            one = among[self.random.below(among.len())];
        }
        one
    }

    /// The known endpoints; never empty. Only the first call waits for DNS.
    async fn list(&self) -> Result<Arc<Vec<Arc<Endpoint>>>, Failure> {
        match **self.shared.resolved.load() {
            Some(at) if at.elapsed() < RESOLVE_EVERY => {}
            Some(_) => self.resolve_beside(),
            None => Box::pin(self.resolve_first()).await?,
        }
        Ok(self.shared.list.load_full())
    }

    /// Nobody of the known ones can be called: perhaps they are others by now.
    fn resolve_in_need(&self) {
        let resolved = **self.shared.resolved.load();
        if resolved.is_some_and(|at| at.elapsed() >= RESOLVE_IN_NEED) {
            self.resolve_beside();
        }
    }

    async fn resolve_first(&self) -> Result<(), Failure> {
        let _one_at_a_time = self.shared.first.lock().await;
        match **self.shared.resolved.load() {
            Some(_) => Ok(()),
            None => {
                let resolved = self.shared.resolve(&self.address, self.tls.as_ref()).await;
                resolved.map_err(Failure::NotHandled)
            }
        }
    }

    fn resolve_beside(&self) {
        if self.shared.resolving.swap(true, Ordering::AcqRel) {
            return;
        }
        let (shared, address, tls) = (self.shared.clone(), self.address.clone(), self.tls.clone());
        tokio::spawn(async move {
            if let Err(why) = shared.resolve(&address, tls.as_ref()).await {
                tracing::warn!(why, %address, "DNS does not answer; the last addresses stay");
                shared.resolved.store(Arc::new(Some(Instant::now())));
            }
            shared.resolving.store(false, Ordering::Release);
        });
    }
}

impl Shared {
    fn standings(&self) -> Standings {
        let mut standings = Standings::default();
        for endpoint in &**self.list.load() {
            standings[endpoint.standing.state() as usize] += 1;
        }
        standings
    }

    /// Asks DNS. Endpoints that are still named keep their connections.
    async fn resolve(&self, address: &Address, tls: Option<&tls::Client>) -> Result<(), String> {
        let targets = Target::all(address, tls).await?;
        let known = self.list.load();
        // Where all are new, none is.
        let is_new = !known.is_empty();
        let keep = |target: Target| {
            let same = known.iter().find(|endpoint| endpoint.target.is(&target));
            same.cloned().unwrap_or_else(|| {
                let mark = self.health.mark(&target);
                let standing = Standing::new(self.peers.clone(), is_new);
                let endpoint = Endpoint::new(target, mark, standing);
                if is_new {
                    // Its first call need not wait for it.
                    endpoint.calls.connect(&endpoint.target);
                }
                Arc::new(endpoint)
            })
        };
        self.peers.count(targets.len());
        self.list
            .store(Arc::new(targets.into_iter().map(keep).collect()));
        self.resolved.store(Arc::new(Some(Instant::now())));
        Ok(())
    }
}

impl Endpoint {
    fn new(target: Target, mark: Mark, standing: Standing) -> Endpoint {
        Endpoint {
            target,
            mark,
            standing,
            calls: Link::default(),
            streams: Link::default(),
        }
    }

    fn link(&self, pool: Pool) -> &Link {
        match pool {
            Pool::Calls => &self.calls,
            Pool::Streams => &self.streams,
        }
    }
}

impl PendingRequest {
    fn new(endpoint: &Arc<Endpoint>, pool: Pool) -> PendingRequest {
        endpoint.link(pool).pending.fetch_add(1, Ordering::Relaxed);
        PendingRequest {
            endpoint: endpoint.clone(),
            pool,
        }
    }

    fn link(&self) -> &Link {
        self.endpoint.link(self.pool)
    }

    /// Sends a request over a connection to the endpoint, which is made if there is none; fails at once
    /// if nobody is to wait for it. Dropped when the deadline has passed, it was not answered.
    pub(super) async fn send(
        &self,
        mut request: Request<RequestBody>,
        deadline: Option<Instant>,
    ) -> Result<(Response<Incoming>, Reservation), Failure> {
        let Endpoint {
            target, standing, ..
        } = &*self.endpoint;
        if let Some(origin) = &target.origin {
            origin.name_in(request.uri_mut());
        }
        let is_streamed = matches!(request.body(), RequestBody::Stream(_));
        let trial = standing.trial(deadline, is_streamed)?;
        let sent = async { self.link().stream(target).await?.send(request).await };
        let (response, slot) = match sent.await {
            Ok((response, slot)) => {
                trial.replied(&response);
                (response, slot)
            }
            Err(failure) => {
                trial.failed(&failure);
                return Err(failure);
            }
        };
        let held = Reservation {
            _slot: slot,
            _pending: PendingRequest::new(&self.endpoint, self.pool),
        };
        Ok((response, held))
    }
}

impl Drop for PendingRequest {
    fn drop(&mut self) {
        self.link().pending.fetch_sub(1, Ordering::Relaxed);
    }
}

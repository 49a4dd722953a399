//! A gateway that is ready to be served: where its rooms are put together.

use std::sync::Arc;
use std::time::Duration;

use net::StartError;
use net::client::EndpointConfig;
use net::clock::Clock;
use net::members::Members;
use net::random::Random;
use net::readiness::Readiness;
use net::tasks::{Look, Tasks};
use net::telemetry::{Dependency, Telemetry};
use net::tls;
use opentelemetry::KeyValue;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::access_log::{Sink, Writer};
use crate::budget::Budgets;
use crate::config::{Config, Settings, Tls};
use crate::counters::Counters;
use crate::door::{Door, Kept};
use crate::exchange::HttpMetrics;
use crate::last_good::LastGood;
use crate::limits::Shared;
use crate::plan::{Connect, Plan};
use crate::routing::Routing;
use crate::upstreams::{Trust, Upstream, Upstreams};

/// Between two rounds of forgetting callers that the limits need no longer count.
const FORGET_EVERY: Duration = Duration::from_secs(30);

/// What a gateway finds in its process.
#[derive(Clone)]
pub struct Surroundings {
    /// What the gateway is called in logs, traces and metrics.
    pub name: &'static str,
    /// Time.
    pub clock: Clock,
    /// Randomness.
    pub random: Random,
    /// Background work.
    pub tasks: Tasks,
    /// Metrics and traces.
    pub telemetry: Telemetry,
    /// Where it says what it has to do without.
    pub readiness: Readiness,
    /// What is made of endpoints of upstreams that fail.
    pub endpoints: EndpointConfig,
    /// How long requests in progress may go on when it stops.
    pub drain_timeout: Duration,
}

impl Surroundings {
    /// Those that the members of a process share.
    pub fn of(name: &'static str, telemetry: &Telemetry, members: &Members) -> Self {
        Self {
            name,
            clock: Clock::system(),
            random: Random::system(),
            tasks: members.tasks().of(name),
            telemetry: telemetry.clone(),
            readiness: members.readiness().of(name),
            endpoints: EndpointConfig::default(),
            drain_timeout: members.drain_timeout(),
        }
    }
}

/// A gateway that is ready to be served.
pub struct Gateway {
    pub(crate) settings: Arc<Settings>,
    pub(crate) surroundings: Surroundings,
    connect: Connect,
    trust: Trust,
    pub(crate) routing: Arc<Routing>,
    kept: Kept,
    /// By what it was told how connections are to be made.
    tls: Tls,
    pub(crate) successor: Option<Successor>,
}

/// The gateway that serves instead of another one, as soon as there is one.
pub(crate) type Successor = watch::Receiver<Option<Arc<Gateway>>>;

impl Gateway {
    /// One that answers as planned.
    ///
    /// # Errors
    /// What is wrong with the contract, the routes or the settings.
    pub fn new(
        config: Config,
        surroundings: Surroundings,
        plan: Plan<'_>,
    ) -> Result<Arc<Self>, StartError> {
        Self::followed(config, surroundings, plan, None)
    }

    /// One that is perhaps followed by others.
    pub(crate) fn followed(
        config: Config,
        surroundings: Surroundings,
        plan: Plan<'_>,
        successor: Option<Successor>,
    ) -> Result<Arc<Self>, StartError> {
        let Config {
            settings,
            tls,
            redis_url,
        } = config;
        let server = tls.server()?;
        let sink = Sink::open(&settings.access_log)?;
        let counters = Arc::new(Counters::new(&settings.rates, redis_url.as_ref())?);
        let (name, telemetry) = (surroundings.name, &surroundings.telemetry);
        let metrics = Arc::new(HttpMetrics::new(name, telemetry, &counters));
        let kept = Kept {
            counters,
            metrics,
            budgets: Budgets::new(telemetry),
            last_good: Arc::new(LastGood::new(&settings.stale, &telemetry.meter())),
            access_log: None,
            tls: server,
        };
        let gateway = Self::of(
            settings,
            surroundings,
            plan,
            kept,
            tls,
            successor,
            Some(sink),
        )?;
        gateway.forget_idle_callers();
        gateway.measure_certificate();
        gateway.measure_body_memory();
        gateway.watch_redis();
        Ok(gateway)
    }

    /// One with other settings and routes, that counts on where this one is.
    pub(crate) fn renewed(&self, config: Config, plan: Plan<'_>) -> Result<Arc<Self>, StartError> {
        let Config {
            settings,
            tls,
            redis_url,
        } = config;
        let counters = self
            .kept
            .counters
            .renewed(&settings.rates, redis_url.as_ref())?;
        let mut kept = Kept {
            counters: Arc::new(counters),
            ..self.kept.clone()
        };
        // Who is known by the one before goes on with it.
        if tls != self.tls {
            kept.tls = tls.server()?;
        }
        if settings.stale.stale_memory != self.settings.stale.stale_memory {
            let meter = self.surroundings.telemetry.meter();
            kept.last_good = Arc::new(LastGood::new(&settings.stale, &meter));
        }
        let is_other = settings.access_log != self.settings.access_log;
        let sink = is_other.then(|| Sink::open(&settings.access_log));
        let (sink, surroundings) = (sink.transpose()?, self.surroundings.clone());
        // Whoever follows the first gateway learns of all.
        Self::of(settings, surroundings, plan, kept, tls, None, sink)
    }

    /// The newest of those that have followed this one, or itself.
    pub(crate) fn newest(self: &Arc<Self>) -> Arc<Self> {
        let newest = self.successor.as_ref().and_then(|it| it.borrow().clone());
        newest.unwrap_or_else(|| self.clone())
    }

    /// The access log turns to the sink, if there is another one, once all else is right.
    fn of(
        settings: Settings,
        surroundings: Surroundings,
        plan: Plan<'_>,
        mut kept: Kept,
        tls: Tls,
        successor: Option<Successor>,
        sink: Option<Sink>,
    ) -> Result<Arc<Self>, StartError> {
        let transcoder = Arc::new(plan.api.transcoder(&settings)?);
        let meter = surroundings.telemetry.meter();
        let routing = Arc::new(plan.routing(transcoder, &settings, &meter)?);
        if kept.access_log.is_none() && settings.access_log.is_on() {
            kept.access_log = Some(Arc::new(Writer::start(&surroundings.telemetry)?));
        }
        if let (Some(writer), Some(sink)) = (&kept.access_log, sink) {
            writer.turn_to(sink);
        }
        Ok(Arc::new(Self {
            settings: Arc::new(settings),
            surroundings,
            connect: plan.connect,
            trust: plan.trust,
            routing,
            kept,
            tls,
            successor,
        }))
    }

    /// A door for one thread, to be called on the thread's own runtime, which the connections will
    /// live on.
    pub(crate) fn door(&self, drain: CancellationToken) -> Arc<Door> {
        let Surroundings { clock, random, .. } = &self.surroundings;
        let (budgets, retries) = (&self.kept.budgets, &self.settings.retries);
        let all = self.routing.policies.upstreams.iter().map(|name| {
            self.kept.last_good.count(name, 0);
            Upstream {
                channel: (self.connect)(name),
                name: name.clone(),
                retries: budgets.open(retries, name),
            }
        });
        let upstreams = Upstreams {
            all: all.collect(),
            random: random.clone(),
            trust: self.trust,
        };
        Arc::new(Door {
            settings: self.settings.clone(),
            routing: self.routing.clone(),
            kept: self.kept.clone(),
            upstreams: Arc::new(upstreams),
            clock: clock.clone(),
            random: random.clone(),
            drain,
        })
    }

    fn forget_idle_callers(self: &Arc<Self>) {
        let first = Arc::downgrade(self);
        let tasks = &self.surroundings.tasks;
        tasks.spawn("edge-limits", |shutdown| async move {
            let pause = || tokio::time::sleep(FORGET_EVERY);
            while shutdown.run_until_cancelled(pause()).await.is_some() {
                if let Some(first) = first.upgrade() {
                    first.newest().kept.counters.forget_idle();
                }
            }
        });
    }

    /// Tells whether the Redis that limits are counted in answers, also while nobody calls.
    fn watch_redis(self: &Arc<Self>) {
        let Surroundings {
            name,
            readiness,
            telemetry,
            tasks,
            ..
        } = &self.surroundings;
        let first = Arc::downgrade(self);
        let shared = move || {
            let newest = first.upgrade()?.newest();
            newest.kept.counters.shared.clone()
        };
        let service = [KeyValue::new("service.name", *name)];
        let about = [
            "tradewind.cache.errors",
            "{command}",
            "Commands that the cache did not take",
        ];
        let counted = shared.clone();
        telemetry.counter(about, move |counter| {
            if let Some(shared) = counted() {
                counter.observe(shared.errors(), &service);
            }
        });
        let watch = Watch {
            shared,
            is_told: false,
            redis: Dependency::new(name, ("Redis", "cache"), readiness.clone(), telemetry),
        };
        tasks.every(Dependency::LOOK, "redis-watch", watch);
    }

    /// Tells when the certificate ends that is shown then, for alarms before it does.
    fn measure_certificate(self: &Arc<Self>) {
        let first = Arc::downgrade(self);
        let about = [
            "edge.tls_certificate_expiry",
            "s",
            "When the certificate that clients are shown ends, in Unix time",
        ];
        self.surroundings.telemetry.gauge(about, move |gauge| {
            let newest = first.upgrade().map(|first| first.newest());
            let tls = newest.as_ref().and_then(|newest| newest.kept.tls.as_ref());
            if let Some(end) = tls.and_then(tls::Server::end_of_certificate) {
                gauge.observe(end.as_secs(), &[]);
            }
        });
    }

    /// Tells what bodies may take then.
    fn measure_body_memory(self: &Arc<Self>) {
        let first = Arc::downgrade(self);
        let about = [
            "edge.body_memory_limit",
            "By",
            "Bytes that may be held of bodies that are being read",
        ];
        self.surroundings.telemetry.gauge(about, move |gauge| {
            if let Some(newest) = first.upgrade().map(|first| first.newest()) {
                gauge.observe(newest.settings.requests.body_memory as u64, &[]);
            }
        });
    }
}

/// Whether Redis answers, as long as there is one.
struct Watch<F> {
    shared: F,
    is_told: bool,
    redis: Dependency,
}

impl<F: Fn() -> Option<Shared> + Send + 'static> Look for Watch<F> {
    async fn look(&mut self) {
        let answer = match (self.shared)() {
            Some(shared) => shared.answers().await,
            None if self.is_told => Ok(()),
            None => return,
        };
        self.is_told = true;
        self.redis.is(&answer);
    }
}

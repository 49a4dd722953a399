//! A gateway that is ready to be served: where its rooms are put together.

use std::sync::Arc;
use std::time::Duration;

use net::StartError;
use net::clock::Clock;
use net::members::Members;
use net::random::Random;
use net::readiness::Readiness;
use net::tasks::Tasks;
use net::telemetry::Telemetry;
use net::tls;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::access_log::Writer;
use crate::budget::RetryBudget;
use crate::config::{Config, Settings, Tls};
use crate::counters::Counters;
use crate::door::{Door, Kept};
use crate::exchange::HttpMetrics;
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
        let counters = Arc::new(Counters::new(&settings.rates, redis_url.as_ref())?);
        let (name, telemetry) = (surroundings.name, &surroundings.telemetry);
        let metrics = Arc::new(HttpMetrics::new(name, telemetry, &counters));
        if let Some(server) = &server {
            measure_certificate(telemetry, server);
        }
        let kept = Kept {
            counters,
            metrics,
            access_log: Writer::start(&settings.access_log, telemetry)?.map(Arc::new),
            tls: server,
        };
        let settings = Arc::new(settings);
        let gateway = Self::of(settings, surroundings, plan, kept, tls, successor)?;
        gateway.forget_idle_callers();
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
        let (settings, surroundings) = (Arc::new(settings), self.surroundings.clone());
        // Whoever follows the first gateway learns of all.
        Self::of(settings, surroundings, plan, kept, tls, None)
    }

    /// The newest of those that have followed this one, or itself.
    pub(crate) fn newest(self: &Arc<Self>) -> Arc<Self> {
        let newest = self.successor.as_ref().and_then(|it| it.borrow().clone());
        newest.unwrap_or_else(|| self.clone())
    }

    fn of(
        settings: Arc<Settings>,
        surroundings: Surroundings,
        plan: Plan<'_>,
        kept: Kept,
        tls: Tls,
        successor: Option<Successor>,
    ) -> Result<Arc<Self>, StartError> {
        let transcoder = Arc::new(plan.api.transcoder(&settings)?);
        let routing = Arc::new(plan.routing(transcoder, &settings)?);
        Ok(Arc::new(Self {
            settings,
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
        let all = self.routing.policies.upstreams.iter();
        let all = all.map(|name| Upstream {
            channel: (self.connect)(name),
            name: name.clone(),
        });
        let Surroundings { clock, random, .. } = &self.surroundings;
        let upstreams = Upstreams {
            all: all.collect(),
            retries: RetryBudget::default(),
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
}

/// Tells when the certificate ends, for alarms before it does.
fn measure_certificate(telemetry: &Telemetry, tls: &tls::Server) {
    let end = tls.end_of_certificate();
    telemetry
        .meter()
        .u64_observable_gauge("edge.tls_certificate_expiry")
        .with_unit("s")
        .with_description("When the certificate that clients are shown ends, in Unix time")
        .with_callback(move |gauge| {
            if let Some(end) = end() {
                gauge.observe(end.as_secs(), &[]);
            }
        })
        .build();
}

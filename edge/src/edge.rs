//! An edge that is ready to be served: where its rooms are put together.

use std::sync::Arc;
use std::time::Duration;

use net::StartError;
use runtime::node::Node;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::authentication::Callers;
use crate::budget::RetryBudget;
use crate::config::{Config, Settings};
use crate::counters::Counters;
use crate::door::Door;
use crate::exchange::HttpMetrics;
use crate::limits::Shared;
use crate::pages::Pages;
use crate::plan::{Plan, Servers};
use crate::routing::Routing;
use crate::upstreams::{Upstream, Upstreams};

/// Between two rounds of forgetting callers that the limits need no longer count.
const FORGET_EVERY: Duration = Duration::from_secs(30);

/// An edge that is ready to be served.
pub struct Edge {
    pub(crate) settings: Arc<Settings>,
    pub(crate) node: Node,
    servers: Servers,
    routing: Arc<Routing>,
    pages: Arc<Pages>,
    callers: Arc<Callers>,
    counters: Arc<Counters>,
    metrics: Arc<HttpMetrics>,
    pub(crate) successor: Option<Successor>,
}

/// The edge that serves instead of another one, as soon as there is one.
pub(crate) type Successor = watch::Receiver<Option<Arc<Edge>>>;

impl Edge {
    pub(crate) fn new(
        config: Config,
        node: Node,
        plan: Plan<'_>,
        successor: Option<Successor>,
    ) -> Result<Arc<Self>, StartError> {
        let Config {
            settings,
            redis_url,
        } = config;
        let shared = redis_url.as_ref().map(|url| Shared::connect(url.expose()));
        let shared = shared.transpose();
        let shared = shared.map_err(|error| StartError::config(format!("--redis-url: {error}")))?;
        let counters = Arc::new(Counters::new(&settings.rates, shared.as_ref()));
        let metrics = Arc::new(HttpMetrics::new(node.name, &node.telemetry, &counters));
        let settings = Arc::new(settings);
        let edge = Self::of(settings, node, plan, counters, metrics, successor)?;
        edge.forget_idle_callers();
        Ok(edge)
    }

    /// One with other routes, that counts on where this one is.
    pub(crate) fn renewed(&self, plan: Plan<'_>) -> Result<Arc<Self>, StartError> {
        let (counters, metrics) = (self.counters.clone(), self.metrics.clone());
        // Whoever follows the first edge learns of all.
        let successor = None;
        let (settings, node) = (self.settings.clone(), self.node.clone());
        Self::of(settings, node, plan, counters, metrics, successor)
    }

    fn of(
        settings: Arc<Settings>,
        mut node: Node,
        plan: Plan<'_>,
        counters: Arc<Counters>,
        metrics: Arc<HttpMetrics>,
        successor: Option<Successor>,
    ) -> Result<Arc<Self>, StartError> {
        let transcoder = Arc::new(plan.transcoder(&settings)?);
        let document = plan.document(transcoder.clone());
        let routing = Arc::new(plan.routing(transcoder, &settings)?);
        let (readiness, shown) = (node.readiness.clone(), plan.shown(&settings));
        let pages = Arc::new(Pages::new(readiness, shown, &plan.landing, document));
        node.contract = plan.contract;
        Ok(Arc::new(Self {
            settings,
            servers: plan.servers,
            routing,
            pages,
            callers: Arc::new((plan.servers.callers)(node.clone())),
            counters,
            metrics,
            node,
            successor,
        }))
    }

    /// A door for one thread, to be called on the thread's own runtime, which the connections will
    /// live on.
    pub(crate) fn door(&self, drain: CancellationToken) -> Arc<Door> {
        let all = self.routing.policies.upstreams.iter();
        let all = all.map(|name| Upstream {
            channel: (self.servers.connect)(&self.node, name),
            name: name.clone(),
        });
        let upstreams = Upstreams {
            all: all.collect(),
            retries: RetryBudget::default(),
            random: self.node.random.clone(),
            keep_idempotency_keys: self.servers.keep_idempotency_keys,
        };
        Arc::new(Door {
            settings: self.settings.clone(),
            routing: self.routing.clone(),
            pages: self.pages.clone(),
            counters: self.counters.clone(),
            metrics: self.metrics.clone(),
            callers: self.callers.clone(),
            upstreams: Arc::new(upstreams),
            clock: self.node.clock.clone(),
            random: self.node.random.clone(),
            drain,
        })
    }

    fn forget_idle_callers(&self) {
        let counters = self.counters.clone();
        self.node.tasks.spawn("edge-limits", |shutdown| async move {
            let pause = || tokio::time::sleep(FORGET_EVERY);
            while shutdown.run_until_cancelled(pause()).await.is_some() {
                counters.forget_idle();
            }
        });
    }
}

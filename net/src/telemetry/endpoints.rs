//! Counts endpoints, and what a client does about those that fail.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{AsyncInstrument, Counter, Meter};

use super::CallMetrics;

/// What a client measures.
#[derive(Clone, Debug)]
pub struct ClientMetrics {
    pub(crate) calls: CallMetrics,
    retries: Counter<u64>,
    refusals: Counter<u64>,
    ejections: Counter<u64>,
    channels: Arc<Channels>,
}

/// How many endpoints are chosen, and how many are left alone: as they failed, or as they did not reply.
pub(crate) type Standings = [u64; 3];
const STANDINGS: [&str; 3] = ["in", "ejected", "open"];

/// What gives the standings of a channel's endpoints, as long as there is one.
type Count = Box<dyn Fn() -> Option<Standings> + Send + Sync>;

/// All channels, by who calls whom.
#[derive(Default)]
struct Channels(Mutex<Vec<([KeyValue; 2], Count)>>);

impl Channels {
    fn add(&self, names: [KeyValue; 2], count: Count) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(_, count)| count().is_some());
        all.push((names, count));
    }

    /// Threads that call with channels of their own see the same endpoints: one that has most of them out
    /// speaks for all.
    fn observe(&self, gauge: &dyn AsyncInstrument<u64>) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let out = |[called, ejected, open]: Standings| (ejected + open, called);
        let mut worst = BTreeMap::new();
        for (names, count) in &*all {
            if let Some(standings) = count() {
                let name = |label: &KeyValue| label.value.to_string();
                let seen = worst.entry(names.each_ref().map(name));
                let (_, seen) = seen.or_insert((names, standings));
                if out(standings) > out(*seen) {
                    *seen = standings;
                }
            }
        }
        for ([caller, service], standings) in worst.values() {
            for (state, number) in STANDINGS.into_iter().zip(standings) {
                let state = KeyValue::new("state", state);
                gauge.observe(*number, &[caller.clone(), service.clone(), state]);
            }
        }
    }
}

impl std::fmt::Debug for Channels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Channels")
    }
}

impl ClientMetrics {
    pub(super) fn new(meter: &Meter) -> ClientMetrics {
        let channels = Arc::<Channels>::default();
        let counted = channels.clone();
        let endpoints = meter.u64_observable_gauge("rpc.client.endpoints");
        let endpoints = endpoints.with_unit("{endpoint}");
        let endpoints = endpoints.with_description("Endpoints of a service that is called");
        endpoints
            .with_callback(move |gauge| counted.observe(gauge))
            .build();
        let counter = |name, description| {
            let counter = meter.u64_counter(name).with_description(description);
            counter.build()
        };
        ClientMetrics {
            calls: CallMetrics::new(meter, "rpc.client.call.duration", "calls made"),
            retries: counter(
                "rpc.client.retries",
                "Calls that were provably not handled and made once more",
            ),
            refusals: counter(
                "rpc.client.refusals",
                "Calls that were not sent, as the ones before had no reply",
            ),
            ejections: counter(
                "rpc.client.ejections",
                "Endpoints that get no calls for a while",
            ),
            channels,
        }
    }

    /// Those of calls of `caller` to `service`, which begin at 0.
    pub(crate) fn endpoints(&self, caller: &'static str, service: &str) -> EndpointMetrics {
        let names = [
            KeyValue::new("service.name", caller),
            KeyValue::new("upstream", service.to_owned()),
        ];
        let counted = EndpointMetrics {
            metrics: self.clone(),
            names,
        };
        self.retries.add(0, &counted.names);
        self.refusals.add(0, &counted.names);
        for cause in ["failed", "lost"] {
            self.ejections.add(0, &counted.of_cause(cause));
        }
        counted
    }
}

/// What is counted of one service's endpoints.
#[derive(Clone, Debug)]
pub(crate) struct EndpointMetrics {
    metrics: ClientMetrics,
    names: [KeyValue; 2],
}

impl EndpointMetrics {
    /// How the endpoints stand is to be told, as long as there are some.
    pub(crate) fn tell(&self, count: impl Fn() -> Option<Standings> + Send + Sync + 'static) {
        let channels = &self.metrics.channels;
        channels.add(self.names.clone(), Box::new(count));
    }

    /// A call is made once more.
    pub(crate) fn retried(&self) {
        self.metrics.retries.add(1, &self.names);
    }

    /// A call was not sent.
    pub(crate) fn refused(&self) {
        self.metrics.refusals.add(1, &self.names);
    }

    /// An endpoint gets no calls for a while.
    pub(crate) fn ejected(&self, cause: &'static str) {
        self.metrics.ejections.add(1, &self.of_cause(cause));
    }

    fn of_cause(&self, cause: &'static str) -> [KeyValue; 3] {
        let [caller, service] = self.names.clone();
        [caller, service, KeyValue::new("cause", cause)]
    }
}

//! Counts what a client does about endpoints that fail.

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Meter};

use super::CallMetrics;

/// What a client measures.
#[derive(Clone, Debug)]
pub struct ClientMetrics {
    pub(crate) calls: CallMetrics,
    retries: Counter<u64>,
    refusals: Counter<u64>,
    ejections: Counter<u64>,
}

impl ClientMetrics {
    pub(super) fn new(meter: &Meter) -> ClientMetrics {
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

//! Whether the stream of the service's events is there, and kept by as many servers as it shall be.

use std::time::Duration;

use bus::{Bus, Replicas};
use net::tasks::Look;
use net::telemetry::Dependency;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Gauge;
use runtime::node::Node;

/// How often the server is asked.
const PAUSE: Duration = Duration::from_secs(30);

/// Tells it, of a stream that is there.
pub(super) fn watch(node: &Node) {
    let meter = node.telemetry.meter();
    let kept = meter.u64_gauge("tradewind.stream.replicas");
    let kept = kept.with_unit("{replica}");
    let kept = kept.with_description("Servers that keep the service's stream");
    let (names, readiness) = (("the stream", "stream"), node.readiness.clone());
    let watch = Watch {
        bus: node.bus.clone(),
        service: node.name,
        kept: kept.build(),
        dependency: Dependency::new(node.name, names, readiness, &node.telemetry),
    };
    node.tasks.every(PAUSE, "stream-watch", watch);
}

struct Watch {
    bus: Bus,
    service: &'static str,
    kept: Gauge<u64>,
    dependency: Dependency,
}

impl Look for Watch {
    async fn look(&mut self) {
        let name = self.service.trim_start_matches("svc-");
        let Replicas {
            configured,
            current,
        } = match self.bus.replicas(name).await {
            Ok(Some(replicas)) => replicas,
            Ok(None) => return,
            Err(error) => return self.dependency.is(&Err(error.to_string())),
        };
        self.dependency.is(&Ok(()));
        for (state, count) in [("configured", configured), ("current", current)] {
            let labels = [
                KeyValue::new("service.name", self.service),
                KeyValue::new("state", state),
            ];
            self.kept.record(count as u64, &labels);
        }
    }
}

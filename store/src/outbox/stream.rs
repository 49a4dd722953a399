//! Whether the stream of the service's events is kept by as many servers as it shall be.

use std::time::Duration;

use bus::Replicas;
use opentelemetry::KeyValue;
use runtime::node::Node;

/// How often the server is asked.
const LOOK: Duration = Duration::from_secs(30);

/// Tells it as a metric, of a stream that is there.
pub(super) fn watch(node: &Node) {
    let (bus, service) = (node.bus.clone(), node.name);
    let meter = node.telemetry.meter();
    let kept = meter.u64_gauge("tradewind.stream.replicas");
    let kept = kept.with_unit("{replica}");
    let kept = kept.with_description("Servers that keep the service's stream");
    let kept = kept.build();
    let watch = async move {
        loop {
            let replicas = bus.replicas(service.trim_start_matches("svc-")).await;
            if let Ok(Some(Replicas {
                configured,
                current,
            })) = replicas
            {
                for (state, count) in [("configured", configured), ("current", current)] {
                    let labels = [
                        KeyValue::new("service.name", service),
                        KeyValue::new("state", state),
                    ];
                    kept.record(count as u64, &labels);
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    node.tasks.spawn("stream-watch", |shutdown| async move {
        shutdown.run_until_cancelled(watch).await;
    });
}

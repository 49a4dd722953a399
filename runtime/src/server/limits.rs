//! What a gRPC server bears.

use std::time::Duration;

use opentelemetry::KeyValue;

use crate::node::Node;

/// What a gRPC server bears.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerLimits {
    /// Calls at once; normal ones are refused above, low ones above three quarters of it, high
    /// ones above five quarters.
    pub max_concurrent_calls: usize,
    /// How long work may wait for its turn, on average, before calls are refused for it; zero: for any
    /// time.
    pub queue_target: Duration,
    /// Whether a call is refused that has less time left than the fastest calls of late took.
    pub refuse_late: bool,
    /// Streams open at once, apart from the calls.
    pub max_concurrent_streams: usize,
    /// Those of one user.
    pub max_streams_per_user: usize,
    /// Those of one address (of IPv6, one /64 network), of callers without a token.
    pub max_streams_per_address: usize,
    /// Bytes of a request's message, where its contract does not allow less.
    pub max_request_bytes: usize,
    /// Time for a request to arrive.
    pub request_body_timeout: Duration,
    /// Bytes of all requests that are on their way; callers that are no workload have half of it.
    pub request_body_memory: usize,
    /// Those of one address (of IPv6, one /64 network), of callers that are no workload.
    pub request_body_memory_per_address: usize,
    /// Deadline of unary calls that come without one.
    pub default_deadline: Duration,
    /// The longest deadline of unary calls, and the time for a stream to begin.
    pub max_deadline: Duration,
    /// Whether reflection is served.
    pub reflection: bool,
}

/// The deadline of a unary call that comes without one.
pub(crate) const DEFAULT_DEADLINE: Duration = Duration::from_secs(30);

/// Tells how much there is of something, in this unit, and how much there may be, by metrics of these names.
pub(super) fn tell(
    node: &Node,
    [name, limit]: [&'static str; 2],
    [unit, about]: [&'static str; 2],
    most: usize,
    count: impl Fn() -> usize + Send + Sync + 'static,
) {
    let service = [KeyValue::new("service.name", node.name)];
    let labels = service.clone();
    node.telemetry.gauge([name, unit, about], move |gauge| {
        gauge.observe(count() as u64, &labels);
    });
    let about = "How much of it there may be";
    node.telemetry.gauge([limit, unit, about], move |gauge| {
        gauge.observe(most as u64, &service);
    });
}

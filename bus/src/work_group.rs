use net::{clock::Clock, telemetry::Telemetry};
use tokio_util::sync::CancellationToken;

/// Those that share the work on some events: each event is handled by one of them.
#[derive(Clone, Debug)]
pub struct WorkGroup {
    /// Named after the service, such as `svc-shipping`. Replicas use the same name.
    pub name: &'static str,
    /// Which events, such as `orders.v1.OrderConfirmed` or `catalog.v1.*`. Several groups of one
    /// name share the work on a subject that both list.
    pub subjects: Vec<&'static str>,
    /// Stops it.
    pub shutdown: CancellationToken,
    /// Tells how old events are.
    pub clock: Clock,
    /// Where it is measured.
    pub telemetry: Telemetry,
}

/// Why a handler did not do its work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Something that the handler needs is away: tried again without bound, with growing delay.
    #[error("{0}")]
    Transient(String),
    /// Trying again is unlikely to help: a dead letter after [`crate::ATTEMPTS`] attempts.
    #[error("{0}")]
    Permanent(String),
}

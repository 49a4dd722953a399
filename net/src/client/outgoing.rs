//! What goes along beside the caller's own metadata: the service's name, deadline and trace.

use std::time::Duration;

use http::header::{CONTENT_TYPE, TE};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;

use crate::metadata::{GRPC_TIMEOUT, parse_timeout, write_timeout};
use crate::telemetry::Trace;

/// The caller keeps this much of its own time to answer, at most a tenth.
pub(super) const MARGIN: Duration = Duration::from_millis(10);

/// A service as its servers see it named; addresses are resolved apart.
pub(super) fn authority(service: &str) -> Authority {
    Authority::try_from(service).unwrap_or_else(|_| Authority::from_static("service.invalid"))
}

/// When the call ends: the earlier of the request's own timeout and what whoever waits for it has left,
/// less a margin; or else after as long as a call may take.
pub(super) fn deadline(
    headers: &HeaderMap,
    waits_until: Option<Instant>,
    longest: Option<Duration>,
) -> Option<Instant> {
    let now = Instant::now();
    let own = headers
        .get(GRPC_TIMEOUT)
        .and_then(parse_timeout)
        .map(|timeout| now + timeout);
    let inherited = waits_until.map(|deadline| {
        let left = deadline.saturating_duration_since(now);
        deadline - MARGIN.min(left / 10)
    });
    let first = [own, inherited].into_iter().flatten().min();
    first.or(longest.map(|longest| now + longest))
}

/// Whether the time of a call that is broken off now is over. The server may be the first to notice, and
/// resets the stream: it counts from a little later, but what it was told was rounded down.
pub(super) fn is_over(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| Instant::now() + MARGIN >= deadline)
}

/// Writes them. What else the request carries stays as it is.
pub(super) fn set(headers: &mut HeaderMap, deadline: Option<Instant>, trace: Option<&Trace>) {
    headers.insert(TE, HeaderValue::from_static("trailers"));
    headers
        .entry(CONTENT_TYPE)
        .or_insert(HeaderValue::from_static("application/grpc"));
    if let Some(deadline) = deadline {
        let left = deadline.saturating_duration_since(Instant::now());
        headers.insert(GRPC_TIMEOUT, write_timeout(left));
    }
    if let Some(trace) = trace {
        trace.inject(headers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_keeps_a_margin_of_the_deadline_it_was_given() {
        let given = Instant::now() + Duration::from_secs(1);
        let deadline = deadline(&HeaderMap::new(), Some(given), None).unwrap();
        assert_eq!(given - deadline, MARGIN);
    }
}

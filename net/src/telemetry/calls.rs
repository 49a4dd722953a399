//! Measures calls by the semantic conventions for RPC (opentelemetry.io, semconv/rpc).

use std::sync::Arc;
use std::time::Instant;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;
use tonic::Code;
use tracing::Span;

use super::Durations;

/// The histogram of one side's calls.
#[derive(Clone, Debug)]
pub struct CallMetrics(Arc<Durations<Key>>);

/// The service that measures, the method, and how the call ended.
type Key = (&'static str, Arc<str>, &'static str);

impl CallMetrics {
    pub(super) fn new(meter: &Meter, name: &'static str, calls: &str) -> CallMetrics {
        CallMetrics(Arc::new(Durations::new(meter, name, calls)))
    }

    /// Starts to measure a call of `method` (`package.Service/Method`) as `service`.
    pub fn start(&self, service: &'static str, method: Arc<str>, span: Span) -> CallRecord {
        let started = Instant::now();
        CallRecord {
            metrics: self.clone(),
            service,
            method,
            span,
            started,
            ended: false,
        }
    }
}

/// A call that is being measured. Dropped without an end it was cancelled.
#[derive(Debug)]
pub struct CallRecord {
    metrics: CallMetrics,
    service: &'static str,
    method: Arc<str>,
    span: Span,
    started: Instant,
    ended: bool,
}

impl CallRecord {
    /// The span of the call.
    pub fn span(&self) -> &Span {
        &self.span
    }

    /// The call ended with this code.
    pub fn end(&mut self, code: Code) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let status = code_name(code);
        self.span.record("rpc.response.status_code", status);
        if is_error(code) {
            self.span.record("otel.status_code", "ERROR");
            self.span.record("error.type", status);
        }
        let key = (self.service, self.method.clone(), status);
        let CallMetrics(durations) = &self.metrics;
        durations.record(self.started.elapsed(), key, attributes);
    }

    /// The call ended with the status of its trailers; without one it is UNKNOWN.
    pub fn end_with(&mut self, headers: &http::HeaderMap) {
        let code = headers
            .get(crate::metadata::GRPC_STATUS)
            .map_or(Code::Unknown, |value| Code::from_bytes(value.as_bytes()));
        self.end(code);
    }
}

fn attributes((service, method, status): &Key) -> Vec<KeyValue> {
    vec![
        KeyValue::new("rpc.system.name", "grpc"),
        KeyValue::new("rpc.method", method.clone()),
        KeyValue::new("rpc.response.status_code", *status),
        KeyValue::new("service.name", *service),
    ]
}

impl Drop for CallRecord {
    fn drop(&mut self) {
        self.end(Code::Cancelled);
    }
}

/// The codes that are the server's fault, as the conventions list them for server spans.
fn is_error(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}

/// A code as it is written in metrics and in REST errors: NOT_FOUND.
pub fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

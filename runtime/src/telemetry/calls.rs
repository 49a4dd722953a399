//! Measures calls by the semantic conventions for RPC (opentelemetry.io, semconv/rpc).

use std::sync::Arc;
use std::time::Instant;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Histogram;
use tonic::Code;
use tracing::Span;

/// The histogram of one side's calls.
#[derive(Clone, Debug)]
pub struct CallMetrics(Histogram<f64>);

impl CallMetrics {
    pub(super) fn new(histogram: Histogram<f64>) -> CallMetrics {
        CallMetrics(histogram)
    }

    /// Starts to measure a call of `method` (`package.Service/Method`) as `service`.
    pub fn start(&self, service: &'static str, method: Arc<str>, span: Span) -> CallRecord {
        let started = Instant::now();
        CallRecord {
            histogram: self.0.clone(),
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
    histogram: Histogram<f64>,
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
        let attributes = [
            KeyValue::new("rpc.system.name", "grpc"),
            KeyValue::new("rpc.method", self.method.clone()),
            KeyValue::new("rpc.response.status_code", status),
            KeyValue::new("service.name", self.service),
        ];
        self.histogram
            .record(self.started.elapsed().as_secs_f64(), &attributes);
    }

    /// The call ended with the status of its trailers; without one it is UNKNOWN.
    pub fn end_with(&mut self, headers: &http::HeaderMap) {
        let code = headers
            .get("grpc-status")
            .map_or(Code::Unknown, |value| Code::from_bytes(value.as_bytes()));
        self.end(code);
    }
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

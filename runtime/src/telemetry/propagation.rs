//! The trace goes along: W3C Trace Context in metadata and in events.

use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry::trace::TraceContextExt as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The trace of the current span as pairs of `traceparent` and `tracestate`, for an event.
pub fn inject() -> Vec<(String, String)> {
    trace_of(&Span::current())
}

/// The trace of a span as pairs, for an event.
pub fn trace_of(span: &Span) -> Vec<(String, String)> {
    let mut pairs = Pairs(Vec::new());
    TraceContextPropagator::new().inject_context(&span.context(), &mut pairs);
    pairs.0
}

/// The context that an event or a message carries, to be the parent of a span.
pub fn parent_from(pairs: &[(String, String)]) -> Context {
    // A context of its own: what the current thread is doing is not the parent.
    TraceContextPropagator::new().extract_with_context(&Context::new(), &Borrowed(pairs))
}

/// A span of a service, named `name`, that continues the trace an event carries.
pub fn span_of(service: &str, name: &str, trace: &[(String, String)]) -> Span {
    let span = tracing::info_span!(
        parent: None,
        "consume",
        otel.name = name,
        otel.kind = "consumer",
        service.name = service,
        trace_id = tracing::field::Empty,
    );
    follow(&span, parent_from(trace));
    span
}

/// Makes a new span continue the trace that a request's headers carry.
pub fn continue_trace(span: &Span, headers: &http::HeaderMap) {
    let parent =
        TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(headers));
    follow(span, parent);
}

/// Makes a new span the first of a trace of its own, with a link to the one that a request's headers
/// carry: a stranger chooses neither the trace's id nor whether it is recorded (W3C Trace Context,
/// section 3.4, "restarting the trace").
pub fn restart_trace(span: &Span, headers: &http::HeaderMap) {
    let theirs =
        TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(headers));
    span.add_link(theirs.span().span_context().clone());
    follow(span, Context::new());
}

/// Sends the trace of a span along with a request.
pub fn inject_into(span: &Span, headers: &mut http::HeaderMap) {
    TraceContextPropagator::new().inject_context(&span.context(), &mut HeadersMut(headers));
}

/// The id of the trace that a span belongs to: 32 hexadecimal digits.
pub fn trace_id(span: &Span) -> Option<String> {
    let context = span.context();
    let span_context = context.span().span_context().clone();
    span_context
        .is_valid()
        .then(|| span_context.trace_id().to_string())
}

fn follow(span: &Span, parent: Context) {
    if parent.span().span_context().is_valid() {
        // It fails only for a span that nobody looks at.
        let _ = span.set_parent(parent);
    }
    if let Some(id) = trace_id(span) {
        span.record("trace_id", id);
    }
}

struct Pairs(Vec<(String, String)>);

impl Injector for Pairs {
    fn set(&mut self, key: &str, value: String) {
        if !value.is_empty() {
            self.0.push((key.to_owned(), value));
        }
    }
}

struct Borrowed<'a>(&'a [(String, String)]);

impl Extractor for Borrowed<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        let pair = self
            .0
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(key))?;
        Some(&pair.1)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).collect()
    }
}

struct Headers<'a>(&'a http::HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        crate::metadata::text(self.0, key)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

struct HeadersMut<'a>(&'a mut http::HeaderMap);

impl Injector for HeadersMut<'_> {
    fn set(&mut self, key: &str, value: String) {
        let name = http::HeaderName::from_bytes(key.as_bytes());
        if let (Ok(name), Ok(value)) = (name, http::HeaderValue::try_from(value))
            && !value.is_empty()
        {
            self.0.insert(name, value);
        }
    }
}

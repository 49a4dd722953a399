//! The trace goes along: W3C Trace Context in metadata and in events.

use std::borrow::Cow;

use http::{HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry::trace::{SpanContext, TraceContextExt as _, TraceFlags, TraceState};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::sampling;
use crate::metadata::of_one_call;

const PARENT: HeaderName = HeaderName::from_static("traceparent");

/// The target of spans that become a part of a trace. All others are for log lines alone.
pub const RECORDED: &str = "trace";

/// The trace that work belongs to, and the span in it that new spans are children of.
///
/// Most are not recorded: nobody collects them, or the sampler leaves them out. Their ids go along
/// all the same, for the log lines of every hop, and cost no span.
#[derive(Clone, Debug)]
pub struct Trace {
    context: SpanContext,
    /// Whether the context is that of a span, here or at whoever called.
    has_span: bool,
}

impl Trace {
    /// A new one. The sampler has not decided to record it.
    #[must_use]
    pub fn unrecorded() -> Trace {
        Trace::with_flags(TraceFlags::NOT_SAMPLED)
    }

    /// The trace that starts with a request from outside: the sampler decides (OTEL_TRACES_SAMPLER).
    #[must_use]
    pub fn start() -> Trace {
        let trace = Trace::unrecorded();
        match sampling::of_root(trace.context.trace_id()) {
            true => Trace::with_flags(TraceFlags::SAMPLED),
            false => trace,
        }
    }

    fn with_flags(flags: TraceFlags) -> Trace {
        let ids = RandomIdGenerator::default();
        let (trace, span) = (ids.new_trace_id(), ids.new_span_id());
        let context = SpanContext::new(trace, span, flags, false, TraceState::NONE);
        Trace {
            context,
            has_span: false,
        }
    }

    /// The trace that a request's headers carry.
    #[must_use]
    pub fn of_headers(headers: &http::HeaderMap) -> Option<Trace> {
        headers.get(PARENT)?;
        Trace::extracted(&Headers(headers))
    }

    /// The trace that an event carries as pairs.
    #[must_use]
    pub fn of_event(pairs: &[(String, String)]) -> Option<Trace> {
        Trace::extracted(&Pairs(pairs.to_vec()))
    }

    fn extracted(carrier: &dyn Extractor) -> Option<Trace> {
        // A context of its own: what the current thread is doing is not the parent.
        let context = TraceContextPropagator::new().extract_with_context(&Context::new(), carrier);
        let context = context.span().span_context().clone();
        let is_valid = context.is_valid();
        is_valid.then_some(Trace {
            context,
            has_span: true,
        })
    }

    /// Whether spans of it are to be made.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        sampling::of_child(&self.context)
    }

    /// Whether somebody works with it: it has a span here, or came with the request.
    #[must_use]
    pub fn has_span(&self) -> bool {
        self.has_span
    }

    /// Its id: 32 hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> String {
        let mut text = [0; 32];
        write_hex(&self.context.trace_id().to_bytes(), &mut text);
        str::from_utf8(&text)
            .expect("hexadecimal digits are text")
            .to_owned()
    }

    /// Makes a new span a part of this trace, and gives what new work in it belongs to.
    #[must_use]
    pub fn adopt(self, span: &Span) -> Trace {
        if self.has_span {
            let parent = Context::new().with_remote_span_context(self.context.clone());
            // It fails only for a span that nobody looks at.
            let _ = span.set_parent(parent);
        }
        let context = span.context().span().span_context().clone();
        let adopted = match context.is_valid() {
            true => Trace {
                context,
                has_span: true,
            },
            false => self,
        };
        span.record("trace_id", adopted.id());
        adopted
    }

    /// Notes on a span that another trace led to it. What its `tracestate` says is for those in it.
    pub fn link_to(&self, span: &Span) {
        let (trace, span_id) = (self.context.trace_id(), self.context.span_id());
        let (flags, state) = (self.context.trace_flags(), TraceState::NONE);
        span.add_link(SpanContext::new(trace, span_id, flags, true, state));
    }

    /// Sends it along with a request.
    pub fn inject(&self, headers: &mut http::HeaderMap) {
        headers.insert(PARENT, of_one_call(self.parent()));
        let state = self.context.trace_state().header();
        if let (false, Ok(state)) = (state.is_empty(), HeaderValue::try_from(state)) {
            headers.insert("tracestate", state);
        }
    }

    /// `traceparent` (W3C Trace Context, 3.2).
    fn parent(&self) -> HeaderValue {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        let (trace, span) = (self.context.trace_id(), self.context.span_id());
        write_hex(&trace.to_bytes(), &mut text[3..35]);
        write_hex(&span.to_bytes(), &mut text[36..52]);
        // Of the flags, the next hop may believe this one alone.
        write_hex(&[u8::from(self.context.is_sampled())], &mut text[53..]);
        HeaderValue::from_bytes(&text).expect("hexadecimal digits are a header value")
    }

    /// As pairs of `traceparent` and `tracestate`, for an event.
    #[must_use]
    pub fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs = Pairs(Vec::new());
        let context = Context::new().with_remote_span_context(self.context.clone());
        TraceContextPropagator::new().inject_context(&context, &mut pairs);
        pairs.0
    }
}

/// Names a span by what is known only later. As its field `otel.name` that would be lost: a span that
/// belongs to a trace already keeps the name it began with.
pub fn rename(span: &Span, name: impl Into<Cow<'static, str>>) {
    span.context().span().update_name(name);
}

struct Pairs(Vec<(String, String)>);

impl Injector for Pairs {
    fn set(&mut self, key: &str, value: String) {
        if !value.is_empty() {
            self.0.push((key.to_owned(), value));
        }
    }
}

impl Extractor for Pairs {
    fn get(&self, key: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        let pair = pairs.find(|(name, _)| name.eq_ignore_ascii_case(key))?;
        Some(&pair.1)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).collect()
    }
}

struct Headers<'a>(&'a http::HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

fn write_hex(bytes: &[u8], text: &mut [u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (byte, pair) in bytes.iter().zip(text.chunks_exact_mut(2)) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use opentelemetry::trace::{Status, TracerProvider as _};
    use opentelemetry_sdk::error::OTelSdkResult;
    use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
    use tracing::field::Empty;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Debug, Default)]
    struct Exported(Arc<Mutex<Vec<SpanData>>>);

    impl SpanExporter for Exported {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            self.0.lock().expect("nobody panics").extend(batch);
            Ok(())
        }
    }

    #[test]
    fn a_span_that_belongs_to_a_trace_takes_what_is_known_only_later() {
        let exported = Exported::default();
        let provider = SdkTracerProvider::builder();
        let provider = provider.with_simple_exporter(exported.clone()).build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let span = tracing::info_span!(
                "request",
                otel.name = "POST",
                otel.status_code = Empty,
                http.route = Empty,
            );
            let _ = Trace::with_flags(TraceFlags::SAMPLED).adopt(&span);
            rename(&span, "POST /v1/orders");
            span.record("otel.status_code", "ERROR");
            span.record("http.route", "/v1/orders");
        });
        let exported = exported.0.lock().expect("nobody panics");
        let [span] = &exported[..] else {
            panic!("{exported:?}")
        };
        assert_eq!(span.name, "POST /v1/orders");
        assert_eq!(span.status, Status::error(""));
        let mut attributes = span.attributes.iter();
        let route = attributes.find(|one| one.key.as_str() == "http.route");
        assert_eq!(route.map(|it| it.value.as_str()), Some("/v1/orders".into()));
    }

    #[test]
    fn what_goes_along_is_what_the_propagator_reads() {
        for flags in [TraceFlags::SAMPLED, TraceFlags::NOT_SAMPLED] {
            let trace = Trace::with_flags(flags);
            let mut headers = http::HeaderMap::new();
            trace.inject(&mut headers);
            let read = Trace::of_headers(&headers).expect("it is a trace");
            assert_eq!(read.context.trace_id(), trace.context.trace_id());
            assert_eq!(read.context.span_id(), trace.context.span_id());
            assert_eq!(read.context.trace_flags(), flags);
            assert_eq!(headers["traceparent"], trace.pairs()[0].1);
        }
    }
}

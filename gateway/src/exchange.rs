//! One request and its reply as traces and metrics see them (OpenTelemetry semantic conventions for
//! HTTP servers). Queries are never recorded: they may hold tickets.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use http::request::Parts;
use http::{Method, StatusCode, Version};
use net::secrets;
use net::telemetry::{Durations, RECORDED, Telemetry, Trace, code_name, rename};
use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter;
use tracing::Span;
use tracing::field::Empty;

use crate::audience::Audience;
use crate::counters::Counters;
use crate::failure::Failure;

/// The instruments.
pub(crate) struct HttpMetrics {
    /// The process, or the part of it.
    service: &'static str,
    duration: Durations<Key>,
    audience: Audience,
    /// Requests that met a limit.
    limited: Counter<u64>,
    /// Of each method.
    active: Arc<[AtomicI64; METHODS.len()]>,
}

/// Method, status, version and route.
type Key = (&'static str, u16, &'static str, Option<Arc<str>>);

/// What may be refused with 429 for.
const LIMITS: [&str; 4] = ["address", "machine", "user", STREAMS];
/// That of open streams.
pub(crate) const STREAMS: &str = "streams";

/// Unknown methods count as the last, so that clients cannot make up metrics.
const METHODS: [&str; 10] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "_OTHER",
];

impl HttpMetrics {
    pub(crate) fn new(service: &'static str, telemetry: &Telemetry, counters: &Counters) -> Self {
        let meter = telemetry.meter();
        let active = Arc::<[AtomicI64; METHODS.len()]>::default();
        let counted = active.clone();
        // Counted apart and only looked at when somebody asks.
        meter
            .i64_observable_up_down_counter("http.server.active_requests")
            .with_unit("{request}")
            .with_description("Requests whose reply has not begun")
            .with_callback(move |gauge| {
                for (method, count) in METHODS.into_iter().zip(counted.iter()) {
                    let method = KeyValue::new("http.request.method", method);
                    gauge.observe(count.load(Ordering::Relaxed), &[method]);
                }
            })
            .build();
        let streams = counters.streams.clone();
        let about = [
            "edge.open_streams",
            "{stream}",
            "Calls with a stream in either direction that are open",
        ];
        telemetry.gauge(about, move |gauge| {
            gauge.observe(streams.count() as u64, &[])
        });
        let bodies = counters.bodies.clone();
        let about = [
            "edge.body_memory",
            "By",
            "Bytes held of bodies that are being read",
        ];
        telemetry.gauge(about, move |gauge| {
            gauge.observe(bodies.total() as u64, &[])
        });
        let limited = meter
            .u64_counter("edge.rate_limited")
            .with_unit("{request}")
            .with_description("Requests that were refused with 429, by the limit that they met")
            .build();
        for limit in LIMITS {
            limited.add(0, &[KeyValue::new("limit", limit)]);
        }
        Self {
            service,
            duration: Durations::new(&meter, "http.server.request.duration", "requests"),
            audience: Audience::new(&meter),
            limited,
            active,
        }
    }

    /// A request was refused by this limit.
    pub(crate) fn refused_by(&self, limit: &'static str) {
        self.limited.add(1, &[KeyValue::new("limit", limit)]);
    }
}

/// What traces and metrics call a request.
pub(crate) enum Target<'a> {
    /// The template of its route.
    Route(&'a Arc<str>),
    /// The path of the method that it calls.
    Method(&'a Arc<str>),
    /// Nothing: a question to the gateway itself.
    Gateway,
}

/// A request in progress. It ends when its reply begins, or when it is dropped because the client
/// went away.
pub(crate) struct Exchange {
    metrics: Arc<HttpMetrics>,
    trace: Trace,
    span: Span,
    /// In `METHODS`.
    method: usize,
    version: &'static str,
    route: Option<Arc<str>>,
    began: Instant,
    ended: bool,
}

impl Exchange {
    /// Only a trusted proxy's trace goes on here; everybody else's is linked to.
    pub(crate) fn begin(
        metrics: &Arc<HttpMetrics>,
        head: &Parts,
        is_trusted: bool,
        client: IpAddr,
        id: &str,
    ) -> Self {
        let method = place(&head.method);
        let theirs = Trace::of_headers(&head.headers);
        let (trace, link) = match theirs {
            Some(theirs) if is_trusted => (theirs, None),
            theirs => (Trace::start(), theirs),
        };
        let (span, trace) = match trace.is_recorded() {
            true => recorded(metrics.service, head, client, id, trace, link.as_ref()),
            false => (log_span(metrics.service, id, &trace), trace),
        };
        let exchange = Self {
            metrics: metrics.clone(),
            trace,
            span,
            method,
            version: version(head.version),
            route: None,
            began: Instant::now(),
            ended: false,
        };
        metrics.active[method].fetch_add(1, Ordering::Relaxed);
        exchange
    }

    /// The trace that the request belongs to.
    pub(crate) fn trace(&self) -> &Trace {
        &self.trace
    }

    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// The request has found what it is for.
    pub(crate) fn is_for(&mut self, target: &Target<'_>) {
        let is_recorded = self.trace.is_recorded();
        match target {
            Target::Route(template) => {
                if is_recorded {
                    let name = format!("{} {template}", METHODS[self.method]);
                    rename(&self.span, name);
                }
                self.goes_by(template);
            }
            Target::Method(path) => {
                if is_recorded {
                    rename(&self.span, path.trim_start_matches('/').to_owned());
                }
                self.goes_by(path);
            }
            Target::Gateway => {}
        }
    }

    /// Who makes it, as far as that is known.
    pub(crate) fn is_of(&self, class: &'static str) {
        if let Some(route) = &self.route {
            self.metrics.audience.count(route, class);
        }
    }

    fn goes_by(&mut self, route: &Arc<str>) {
        self.span.record("http.route", &**route);
        self.route = Some(route.clone());
    }

    /// The reply tells of this error, in words that may repeat what was sent.
    pub(crate) fn failed(&self, failure: &Failure) {
        let (code, reason) = (code_name(failure.code()), failure.own_reason());
        tracing::debug!(code, reason, "refused");
    }

    /// The reply begins.
    pub(crate) fn end(mut self, status: StatusCode) {
        self.record(status.as_u16());
        if status.is_server_error() {
            self.span.in_scope(|| {
                tracing::warn!(
                    http.response.status_code = status.as_u16(),
                    "request failed"
                )
            });
        }
    }

    fn record(&mut self, status: u16) {
        self.ended = true;
        let metrics = &self.metrics;
        metrics.active[self.method].fetch_sub(1, Ordering::Relaxed);
        self.span.record("http.response.status_code", status);
        if status >= 500 {
            self.span.record("otel.status_code", "ERROR");
            self.span.record("error.type", status);
        }
        let route = self.route.take();
        let key = (METHODS[self.method], status, self.version, route);
        let duration = &metrics.duration;
        duration.record(self.began.elapsed(), key, attributes);
    }
}

fn attributes((method, status, version, route): &Key) -> Vec<KeyValue> {
    let mut attributes = vec![
        KeyValue::new("http.request.method", *method),
        KeyValue::new("http.response.status_code", i64::from(*status)),
        KeyValue::new("network.protocol.version", *version),
    ];
    if *status >= 500 {
        attributes.push(KeyValue::new("error.type", status.to_string()));
    }
    let route = route.clone();
    attributes.extend(route.map(|route| KeyValue::new("http.route", route)));
    attributes
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.ended {
            // As google/rpc/code.proto maps CANCELLED: the client closed the request.
            self.record(499);
        }
    }
}

/// What log lines say of a request that is not recorded.
fn log_span(service: &'static str, id: &str, trace: &Trace) -> Span {
    tracing::info_span!(
        parent: None,
        "request",
        service.name = service,
        request.id = id,
        trace_id = trace.id(),
        http.route = Empty,
    )
}

/// The span of a recorded request, with a link to the trace of whoever is not trusted with ours.
fn recorded(
    service: &'static str,
    head: &Parts,
    client: IpAddr,
    id: &str,
    trace: Trace,
    link: Option<&Trace>,
) -> (Span, Trace) {
    let method = METHODS[place(&head.method)];
    let span = tracing::info_span!(
        target: RECORDED,
        parent: None,
        "request",
        otel.name = method,
        otel.kind = "server",
        otel.status_code = Empty,
        trace_id = Empty,
        request.id = id,
        http.request.method = method,
        http.response.status_code = Empty,
        http.route = Empty,
        url.path = &*secrets::masked(head.uri.path()),
        client.address = %client,
        error.r#type = Empty,
        service.name = service,
    );
    if let Some(link) = link {
        link.link_to(&span);
    }
    let trace = trace.adopt(&span);
    (span, trace)
}

fn place(method: &Method) -> usize {
    let place = METHODS.iter().position(|name| *name == method.as_str());
    place.unwrap_or(METHODS.len() - 1)
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "2",
        Version::HTTP_10 => "1.0",
        _ => "1.1",
    }
}

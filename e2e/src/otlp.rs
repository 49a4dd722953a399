//! A collector of traces, metrics and logs inside the test (OTLP over gRPC).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::{
            ExportLogsServiceRequest, ExportLogsServiceResponse,
            logs_service_server::{LogsService, LogsServiceServer},
        },
        metrics::v1::{
            ExportMetricsServiceRequest, ExportMetricsServiceResponse,
            metrics_service_server::{MetricsService, MetricsServiceServer},
        },
        trace::v1::{
            ExportTraceServiceRequest, ExportTraceServiceResponse,
            trace_service_server::{TraceService, TraceServiceServer},
        },
    },
    common::v1::{KeyValue, any_value::Value},
};
use prost::Message as _;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

/// A finished span.
#[derive(Clone, Debug)]
pub struct Span {
    /// Hex, 32 digits.
    pub trace_id: String,
    /// Hex, 16 digits.
    pub span_id: String,
    /// Hex; empty for a root.
    pub parent_id: String,
    /// Ids of the spans that it links to.
    pub links: Vec<String>,
    /// What was done.
    pub name: String,
    /// Of the span, and of its process where the span has none of that name.
    pub attributes: BTreeMap<String, String>,
}

impl Span {
    /// The service that it happened in.
    pub fn service(&self) -> &str {
        self.attributes
            .get("service.name")
            .map(String::as_str)
            .unwrap_or_default()
    }
}

/// A line of a log.
#[derive(Clone, Debug)]
pub struct Line {
    /// Hex, 32 digits; empty for one of no trace.
    pub trace_id: String,
    /// What it says.
    pub text: String,
    /// Of the line, and of its process where the line has none of that name.
    pub attributes: BTreeMap<String, String>,
}

/// Keeps all that it is sent.
#[derive(Clone)]
pub struct Sink {
    /// `http://host:port`, for OTEL_EXPORTER_OTLP_ENDPOINT.
    pub endpoint: String,
    received: Arc<Mutex<Received>>,
}

#[derive(Default)]
struct Received {
    spans: Vec<Span>,
    lines: Vec<Line>,
    metrics: BTreeSet<String>,
    /// All messages as they came.
    bytes: Vec<u8>,
}

impl Sink {
    /// Listens on a port of its own until the test ends.
    pub async fn start() -> Sink {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let sink = Sink {
            endpoint: format!("http://{address}"),
            received: Arc::default(),
        };
        let collector = || Collector(sink.received.clone());
        let server = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(collector()))
            .add_service(MetricsServiceServer::new(collector()))
            .add_service(LogsServiceServer::new(collector()));
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        sink
    }

    /// The spans of one trace so far.
    pub fn trace(&self, trace_id: &str) -> Vec<Span> {
        let received = lock(&self.received);
        let spans = received.spans.iter();
        let spans = spans.filter(|span| span.trace_id == trace_id);
        spans.cloned().collect()
    }

    /// The lines of logs so far.
    pub fn lines(&self) -> Vec<Line> {
        lock(&self.received).lines.clone()
    }

    /// The names of the metrics so far.
    pub fn metrics(&self) -> BTreeSet<String> {
        lock(&self.received).metrics.clone()
    }

    /// All that came, to look for texts in it.
    pub fn everything(&self) -> String {
        String::from_utf8_lossy(&lock(&self.received).bytes).into_owned()
    }
}

fn lock(received: &Mutex<Received>) -> MutexGuard<'_, Received> {
    received.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Collector(Arc<Mutex<Received>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let request = request.into_inner();
        let bytes = request.encode_to_vec();
        let mut spans = Vec::new();
        for resource in request.resource_spans {
            let process = attributes(
                resource
                    .resource
                    .map(|resource| resource.attributes)
                    .unwrap_or_default(),
            );
            for span in resource
                .scope_spans
                .into_iter()
                .flat_map(|scope| scope.spans)
            {
                let mut all = process.clone();
                all.extend(attributes(span.attributes));
                spans.push(Span {
                    trace_id: hex(&span.trace_id),
                    span_id: hex(&span.span_id),
                    parent_id: hex(&span.parent_span_id),
                    links: span.links.iter().map(|link| hex(&link.span_id)).collect(),
                    name: span.name,
                    attributes: all,
                });
            }
        }
        let mut received = lock(&self.0);
        received.bytes.extend(bytes);
        received.spans.extend(spans);
        drop(received);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let request = request.into_inner();
        let bytes = request.encode_to_vec();
        let resources = request.resource_metrics.into_iter();
        let scopes = resources.flat_map(|resource| resource.scope_metrics);
        let metrics = scopes.flat_map(|scope| scope.metrics);
        let mut received = lock(&self.0);
        received.bytes.extend(bytes);
        received.metrics.extend(metrics.map(|metric| metric.name));
        drop(received);
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl LogsService for Collector {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        let request = request.into_inner();
        let bytes = request.encode_to_vec();
        let mut lines = Vec::new();
        for resource in request.resource_logs {
            let process = attributes(
                resource
                    .resource
                    .map(|it| it.attributes)
                    .unwrap_or_default(),
            );
            let scopes = resource.scope_logs.into_iter();
            for record in scopes.flat_map(|scope| scope.log_records) {
                let mut all = process.clone();
                all.extend(attributes(record.attributes));
                let body = record.body.and_then(|body| body.value);
                lines.push(Line {
                    trace_id: hex(&record.trace_id),
                    text: body.and_then(text).unwrap_or_default(),
                    attributes: all,
                });
            }
        }
        let mut received = lock(&self.0);
        received.bytes.extend(bytes);
        received.lines.extend(lines);
        drop(received);
        Ok(Response::new(ExportLogsServiceResponse::default()))
    }
}

fn attributes(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    let named = |attribute: KeyValue| Some((attribute.key, text(attribute.value?.value?)?));
    attributes.into_iter().filter_map(named).collect()
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::StringValue(text) => Some(text),
        Value::IntValue(number) => Some(number.to_string()),
        Value::BoolValue(yes) => Some(yes.to_string()),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

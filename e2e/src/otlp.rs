//! A collector of traces inside the test (OTLP over gRPC).

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::{KeyValue, any_value::Value},
};
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

/// Keeps all spans that it is sent.
#[derive(Clone)]
pub struct Sink {
    /// `http://host:port`, for OTEL_EXPORTER_OTLP_ENDPOINT.
    pub endpoint: String,
    spans: Arc<Mutex<Vec<Span>>>,
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
            spans: Arc::default(),
        };
        let service = TraceServiceServer::new(Collector(sink.spans.clone()));
        let server = tonic::transport::Server::builder().add_service(service);
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        sink
    }

    /// The spans of one trace so far.
    pub fn trace(&self, trace_id: &str) -> Vec<Span> {
        let spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        spans
            .iter()
            .filter(|span| span.trace_id == trace_id)
            .cloned()
            .collect()
    }
}

struct Collector(Arc<Mutex<Vec<Span>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut spans = Vec::new();
        for resource in request.into_inner().resource_spans {
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
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(spans);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn attributes(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    let text = |attribute: KeyValue| {
        let value = match attribute.value?.value? {
            Value::StringValue(text) => text,
            Value::IntValue(number) => number.to_string(),
            Value::BoolValue(yes) => yes.to_string(),
            _ => return None,
        };
        Some((attribute.key, value))
    };
    attributes.into_iter().filter_map(text).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

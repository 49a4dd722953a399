//! A span, a measurement and a request id for every call.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::{Frame, SizeHint};
use net::clock::Clock;
use net::http::Arrived;
use net::metadata::{GRPC_STATUS, REQUEST_ID};
use net::random::Random;
use net::secrets;
use net::telemetry::{CallMetrics, CallRecord, RECORDED, Trace};
use tonic::body::Body;
use tonic::{Code, Status};
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use super::filter::{Filter, Next};
use crate::contract::{Contract, Method};

/// What is known of a call before anything is asked: in the extensions of the request.
#[derive(Clone, Debug)]
pub(super) struct Incoming {
    /// None for a method that is not in the contract.
    pub(super) method: Option<Arc<Method>>,
    pub(super) request_id: Arc<str>,
    pub(super) trace: Trace,
    pub(super) span: Span,
    /// How long it waited for a thread.
    pub(super) waited: Duration,
}

impl Incoming {
    pub(super) fn of<B>(request: &Request<B>) -> &Incoming {
        request
            .extensions()
            .get()
            .expect("the outermost layer inserts it")
    }
}

#[derive(Clone)]
pub(super) struct Observed {
    service: &'static str,
    contract: Arc<Contract>,
    metrics: CallMetrics,
    clock: Clock,
    random: Random,
    unknown: Arc<str>,
}

impl Observed {
    pub(super) fn new(node: &crate::node::Node) -> Observed {
        Observed {
            service: node.name,
            contract: node.contract.clone(),
            metrics: node.telemetry.server_metrics(),
            clock: node.clock.clone(),
            random: node.random.clone(),
            unknown: "_OTHER".into(),
        }
    }

    fn span(&self, name: &str, request_id: &str, headers: &HeaderMap) -> (Span, Trace) {
        let trace = Trace::of_headers(headers).unwrap_or_else(Trace::start);
        if !trace.is_recorded() {
            let span = tracing::info_span!(
                parent: None,
                "rpc",
                rpc.method = name,
                service.name = self.service,
                request.id = request_id,
                caller = Empty,
                trace_id = trace.id(),
            );
            return (span, trace);
        }
        let span = tracing::info_span!(
            target: RECORDED,
            parent: None,
            "rpc",
            otel.name = name,
            otel.kind = "server",
            otel.status_code = Empty,
            error.r#type = Empty,
            rpc.system.name = "grpc",
            rpc.method = name,
            rpc.response.status_code = Empty,
            service.name = self.service,
            request.id = request_id,
            caller = Empty,
            trace_id = Empty,
        );
        let trace = trace.adopt(&span);
        (span, trace)
    }
}

impl Filter for Observed {
    async fn filter<N: Next>(&self, mut request: Request<Body>, next: &N) -> Response<Body> {
        let arrived = request.extensions().get();
        let waited = arrived.map_or(Duration::ZERO, |Arrived(at)| at.elapsed());
        let method = self.contract.method(request.uri().path()).cloned();
        // Names that clients make up would be metrics without bound.
        let name = method
            .as_ref()
            .map_or(&self.unknown, |method| &method.name)
            .clone();
        let request_id: Arc<str> = match net::metadata::text(request.headers(), &REQUEST_ID) {
            Some(id) if is_request_id(id) => id.into(),
            _ => self.random.uuid7(&self.clock).to_string().into(),
        };
        let (span, trace) = self.span(&name, &request_id, request.headers());
        let mut record = self.metrics.start(self.service, name, span.clone());
        let header = HeaderValue::try_from(&*request_id);
        request.extensions_mut().insert(Incoming {
            method,
            request_id,
            trace,
            span: span.clone(),
            waited,
        });
        let mut response = next.run(request).instrument(span).await;
        if let Ok(header) = header {
            response.headers_mut().insert(REQUEST_ID, header);
        }
        if response.headers().contains_key(GRPC_STATUS) {
            record.end_with(response.headers());
            return response;
        }
        response.map(|inner| {
            Body::new(ObservedBody {
                inner,
                record: Some(record),
            })
        })
    }
}

/// A caller's own request id is kept if it is short, printable and no secret.
fn is_request_id(id: &str) -> bool {
    let is_plain = id.bytes().all(|byte| byte.is_ascii_graphic());
    (1..=128).contains(&id.len()) && is_plain && secrets::masked(id) == id
}

/// Sees the status in the trailers.
struct ObservedBody {
    inner: Body,
    record: Option<CallRecord>,
}

impl http_body::Body for ObservedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let (Some(trailers), Some(record)) = (frame.trailers_ref(), &mut self.record) {
                    record.end_with(trailers);
                }
            }
            Poll::Ready(Some(Err(status))) => {
                if let Some(record) = &mut self.record {
                    record.end(status.code());
                }
            }
            Poll::Ready(None) => {
                if let Some(record) = &mut self.record {
                    record.end(Code::Unknown);
                }
            }
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

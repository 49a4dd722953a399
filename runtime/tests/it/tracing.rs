use std::time::Duration;

use net::telemetry::{Message, Telemetry, TelemetryConfig};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::Span;
use runtime::call::CallContext;
use runtime::service::Service;
use runtime::testbed::{Testbed, patient};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status};
use tracing::level_filters::LevelFilter;
use uuid::Uuid;

use crate::dummy::{self, bearer, call, fine, handler};

const LIST_ORDERS: &str = "/tradewind.orders.v1.OrdersService/ListOrders";
const LIST_STOCK: &str = "/tradewind.inventory.v1.InventoryService/ListStock";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Plays a collector.
struct Sink(mpsc::UnboundedSender<Span>);

#[tonic::async_trait]
impl TraceService for Sink {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let resources = request.into_inner().resource_spans.into_iter();
        for span in resources
            .flat_map(|one| one.scope_spans)
            .flat_map(|one| one.spans)
        {
            // The test may have ended.
            let _ = self.0.send(span);
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

async fn sink() -> (String, mpsc::UnboundedReceiver<Span>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (spans, received) = mpsc::unbounded_channel();
    let routes = tonic::service::Routes::new(TraceServiceServer::new(Sink(spans)));
    let service =
        tower::ServiceExt::map_request(routes, |request: http::Request<hyper::body::Incoming>| {
            request.map(tonic::body::Body::new)
        });
    let limits = net::http::Limits::default();
    tokio::spawn(net::http::serve(
        listener,
        service,
        limits,
        CancellationToken::new(),
    ));
    (format!("http://{address}"), received)
}

fn attribute(span: &Span, key: &str) -> Option<String> {
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    let pair = span.attributes.iter().find(|pair| pair.key == key)?;
    match pair.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        _ => None,
    }
}

fn message<'a>(service: &'a str, trace: &'a [(String, String)]) -> Message<'a> {
    Message {
        service,
        system: "in_process",
        destination: "it",
        id: Uuid::nil(),
        trace,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_spans_caller_callee_and_event() {
    let (endpoint, mut spans) = sink().await;
    let config = TelemetryConfig {
        log: "off".into(),
        otlp_endpoint: Some(endpoint),
        ..TelemetryConfig::default()
    };
    let telemetry = Telemetry::install("test", &config).unwrap();
    // Libraries would be asked about every span that they could make of a frame.
    assert!(LevelFilter::current() <= LevelFilter::INFO);
    let config = patient(telemetry.clone(), bus::Bus::in_process());
    let mut testbed = Testbed::with(config);
    let inventory = testbed.node("svc-inventory").await;
    let service = Service::new(&inventory).with(dummy::Inventory(fine()));
    testbed.serve(&inventory, service).unwrap();
    let orders = testbed.node("svc-orders").await;
    let channel = orders.channel("svc-inventory");
    let list = handler(move |_| {
        let channel = channel.clone();
        async move {
            assert_eq!(call(&channel, LIST_STOCK, &[], &[]).await.code(), Code::Ok);
            // What an outbox keeps, and what a consumer makes of it.
            let event = CallContext::current_trace();
            let consumed = CallContext::background("consumer");
            let consumed = consumed.processing(&message("svc-shipping", &event), "svc-shipping");
            consumed.scope(async {}).await;
            Ok(Vec::new())
        }
    });
    let service = Service::new(&orders).with(dummy::Orders(list));
    testbed.serve(&orders, service).unwrap();
    testbed.start().await;
    let user = bearer(&testbed.access_token(Uuid::nil(), Uuid::nil(), &["user"]));
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let context = CallContext::background("test");
    let parent = [("traceparent".into(), parent)];
    let context = context.processing(&message("test", &parent), "test");
    let channel = testbed.channel("svc-orders");
    let listed = context
        .scope(async move { call(&channel, LIST_ORDERS, &[], &[("authorization", &user)]).await });
    assert_eq!(listed.await.code(), Code::Ok);
    drop(context);
    let flush = telemetry.clone();
    tokio::task::spawn_blocking(move || flush.flush())
        .await
        .unwrap();
    let mut ours = Vec::new();
    let collect = async {
        while ours.len() < 6 {
            let span = spans.recv().await.unwrap();
            let id: String = span
                .trace_id
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            if id == TRACE {
                ours.push(span);
            }
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(5), collect).await;
    let said: Vec<_> = ours
        .iter()
        .map(|span| {
            (
                span.name.as_str(),
                span.kind,
                attribute(span, "service.name"),
            )
        })
        .collect();
    assert!(in_time.is_ok(), "{said:?}");
    // 2 is a server's span, 3 a client's, 5 a consumer's.
    for (name, kind, service) in [
        (
            "tradewind.orders.v1.OrdersService/ListOrders",
            3,
            Some("test"),
        ),
        (
            "tradewind.orders.v1.OrdersService/ListOrders",
            2,
            Some("svc-orders"),
        ),
        (
            "tradewind.inventory.v1.InventoryService/ListStock",
            3,
            Some("svc-orders"),
        ),
        (
            "tradewind.inventory.v1.InventoryService/ListStock",
            2,
            Some("svc-inventory"),
        ),
        ("process it", 5, Some("svc-shipping")),
    ] {
        let wanted = (name, kind, service.map(str::to_owned));
        assert!(said.contains(&wanted), "{wanted:?} is not in {said:?}");
    }
    let server = ours.iter().find(|span| span.kind == 2).unwrap();
    assert_eq!(
        attribute(server, "rpc.system.name").as_deref(),
        Some("grpc")
    );
    assert_eq!(
        attribute(server, "rpc.response.status_code").as_deref(),
        Some("OK")
    );
}

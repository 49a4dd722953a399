//! What goes out over OTLP: one trace from the edge to the shipment; metrics and logs where asked for.

use std::{collections::BTreeSet, time::Duration};

use e2e::{
    Mesh, Setup,
    condition::eventually,
    mesh::Kind,
    otlp::{Sink, Span},
    shop::{self, Customer},
};

const PATIENCE: Duration = Duration::from_secs(30);
const SERVICES: [&str; 5] = [
    "edge",
    "svc-catalog",
    "svc-inventory",
    "svc-orders",
    "svc-shipping",
];

crate::on_both_kinds!(one_trace_spans_the_order_and_its_shipment);

async fn one_trace_spans_the_order_and_its_shipment(kind: Kind) {
    let sink = Sink::start().await;
    let setup = Setup::new(kind).with("OTEL_EXPORTER_OTLP_ENDPOINT", &sink.endpoint);
    let setup = setup.with("OTEL_BSP_SCHEDULE_DELAY", "200");
    // The test is a proxy that has begun the trace: a stranger's would be linked to instead.
    let mesh = Mesh::start(setup.with("TRUSTED_PROXIES", "127.0.0.1")).await;
    let (admin, buyer) = (mesh.admin().await, Customer::register(&mesh).await);
    let sku = shop::product(&admin, 5).await;

    let root = "00f067aa0ba902b7";
    let order = async |trace: &str, flags: &str| {
        let parent = format!("00-{trace}-{root}-{flags}");
        let traced = buyer.rest.with_header("traceparent", &parent);
        let order = traced.post("/v1/orders", &shop::order(&[(&sku, 1)])).await;
        order.expect(201).text_at("/orderId")
    };
    let [unrecorded, trace] = [(); 2].map(|()| uuid::Uuid::now_v7().simple().to_string());
    let first = order(&unrecorded, "00").await;
    eventually("the first order is shipped", PATIENCE, || {
        shop::shipment_of(&admin, &first)
    })
    .await;
    order(&trace, "01").await;

    let complete = || async {
        let spans = sink.trace(&trace);
        let services: BTreeSet<_> = spans.iter().map(|span| span.service().to_owned()).collect();
        let known: BTreeSet<_> = spans.iter().map(|span| span.span_id.clone()).collect();
        let connected = spans
            .iter()
            .all(|span| span.parent_id == root || known.contains(&span.parent_id));
        (SERVICES.iter().all(|service| services.contains(*service)) && connected).then_some(())
    };
    if tokio::time::timeout(PATIENCE, eventually("", PATIENCE * 2, complete))
        .await
        .is_err()
    {
        let spans = sink.trace(&trace);
        let lines: Vec<_> = spans
            .iter()
            .map(|span| {
                format!(
                    "{} {} <- {} {}",
                    span.service(),
                    span.span_id,
                    span.parent_id,
                    span.name
                )
            })
            .collect();
        panic!("the trace is not whole:\n{}", lines.join("\n"));
    }
    let spans = sink.trace(&trace);
    let request = spans.iter().find(|span| span.parent_id == root);
    let name = request.map(|span| span.name.as_str());
    assert_eq!(name, Some("POST /v1/orders"));

    let of = |service: &str, name: &str| -> &Span {
        let mut found = spans.iter().filter(|it| it.service() == service);
        let found = found.find(|it| it.name == name);
        found.unwrap_or_else(|| panic!("{service} has no span {name}"))
    };
    let sent = of("svc-orders", "send orders.v1.OrderConfirmed");
    let processed = of("svc-shipping", "process orders.v1.OrderConfirmed");
    assert_eq!(processed.parent_id, sent.span_id);
    assert_eq!(processed.links, std::slice::from_ref(&sent.span_id));
    for (name, value) in [
        ("messaging.destination.name", "orders.v1.OrderConfirmed"),
        ("messaging.operation.type", "process"),
        ("messaging.consumer.group.name", "svc-shipping"),
    ] {
        assert_eq!(
            processed.attributes.get(name).map(String::as_str),
            Some(value)
        );
    }
    // Each process exports its spans in the order of their ends.
    assert_eq!(sink.trace(&unrecorded).len(), 0);
    assert!(
        sink.metrics().is_empty() && sink.lines().is_empty(),
        "nobody asked for them"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metrics_and_logs_go_where_traces_go_if_they_are_asked_for() {
    let sink = Sink::start().await;
    let setup = Setup::new(Kind::Embedded).with("OTEL_EXPORTER_OTLP_ENDPOINT", &sink.endpoint);
    let setup = setup
        .with("OTEL_METRICS_EXPORTER", "otlp")
        .with("OTEL_LOGS_EXPORTER", "otlp");
    let setup = setup
        .with("OTEL_METRIC_EXPORT_INTERVAL", "200")
        .with("RUST_LOG", "debug");
    let mesh = Mesh::start(setup.with("TRUSTED_PROXIES", "127.0.0.1")).await;
    let trace = uuid::Uuid::now_v7().simple().to_string();
    // Lines have the trace also where no span is recorded.
    let parent = format!("00-{trace}-00f067aa0ba902b7-00");
    let stranger = mesh.rest().with_header("traceparent", &parent);
    stranger.get("/v1/orders").await.expect(401);

    let line = eventually("its line of the log", PATIENCE, || async {
        sink.lines().into_iter().find(|line| line.trace_id == trace)
    });
    let line = line.await;
    assert_eq!(line.text, "refused");
    for (name, value) in [("service.name", "edge"), ("code", "UNAUTHENTICATED")] {
        assert_eq!(line.attributes.get(name).map(String::as_str), Some(value));
    }
    eventually("what is measured", PATIENCE, || async {
        let all = ["http.server.request.duration", "rpc.server.call.duration"];
        let metrics = sink.metrics();
        all.iter().all(|name| metrics.contains(*name)).then_some(())
    })
    .await;
    let scraped = reqwest::get(format!("{}/metrics", mesh.ops["tradewind"])).await;
    let scraped = scraped.expect("the ops port answers").text().await;
    assert!(
        scraped
            .expect("metrics are text")
            .contains("http_server_request_duration_seconds")
    );
}

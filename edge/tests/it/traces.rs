//! Whose traces go on in the mesh.

use std::sync::OnceLock;

use net::telemetry::{Telemetry, TelemetryConfig};

use crate::fixture::{Fixture, settings, shop};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// Ids and samples, as an edge with a collector does: whatever starts here is recorded.
fn record_everything() {
    static ONCE: OnceLock<Telemetry> = OnceLock::new();
    ONCE.get_or_init(|| {
        let config = TelemetryConfig {
            log: "off".into(),
            // Nobody listens, and nobody has to.
            otlp_endpoint: Some("http://127.0.0.1:9".into()),
            ..TelemetryConfig::default()
        };
        Telemetry::install("edge", &config).unwrap()
    });
}

/// The id of the trace that the service sees, and its flags.
async fn seen(fixture: &Fixture, flags: &str) -> (String, String) {
    let request = fixture
        .request("GET", "/v1/products/A%201")
        .header(
            "traceparent",
            format!("00-{TRACE}-b7ad6b7169203331-{flags}"),
        )
        .header("tracestate", "vendor=secret");
    assert_eq!(request.send().await.unwrap().status(), 200);
    let call = fixture.upstream.last_call();
    let traceparent = call.metadata("traceparent").unwrap().to_owned();
    let [_, trace, _, flags] = traceparent.split('-').collect::<Vec<_>>()[..] else {
        panic!("{traceparent}")
    };
    (trace.to_owned(), flags.to_owned())
}

#[tokio::test]
async fn a_stranger_decides_neither_the_trace_nor_whether_it_is_recorded() {
    record_everything();
    let fixture = Fixture::start(shop).await;
    for flags in ["00", "01"] {
        let (trace, sampled) = seen(&fixture, flags).await;
        assert_ne!(trace, TRACE);
        assert_eq!(sampled, "01", "it is for the edge to say");
        assert_eq!(fixture.upstream.last_call().metadata("tracestate"), None);
    }
}

#[tokio::test]
async fn the_trace_of_a_trusted_proxy_goes_on() {
    record_everything();
    let mut settings = settings();
    settings.web.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let fixture = Fixture::with(settings, shop).await;
    for flags in ["00", "01"] {
        let expected = (TRACE.to_owned(), flags.to_owned());
        assert_eq!(seen(&fixture, flags).await, expected);
    }
}

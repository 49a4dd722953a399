//! What a process tells in its metrics.

use std::collections::BTreeMap;

use ::ops::Series;
use runtime::services::EDGE;

use super::calls::Calls;
use crate::ops::FAULTS;

/// What a process tells.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) version: Option<String>,
    /// By their names, those that it has.
    pub(super) services: BTreeMap<String, Service>,
}

/// What it tells of a service.
#[derive(Debug, Default)]
pub(super) struct Service {
    pub(super) calls: Calls,
    /// Events in the outbox.
    pub(super) pending: Option<f64>,
    /// How long the oldest of them has waited, in seconds.
    pub(super) oldest: Option<f64>,
    /// How far its slowest consumer is behind, in seconds.
    pub(super) lag: Option<f64>,
    pub(super) streams: Option<f64>,
}

impl Told {
    pub(super) fn read(metrics: &str) -> Told {
        let mut told = Told::default();
        for series in ::ops::series(metrics) {
            if series.name == "tradewind_build_info" {
                told.version = series.label("version").map(str::to_owned);
            }
            let Some(name) = owner(&series) else {
                continue;
            };
            let service = told.services.entry(name.to_owned()).or_default();
            service.take(&series);
        }
        told
    }
}

/// The service that a series is about.
fn owner<'a>(series: &Series<'a>) -> Option<&'a str> {
    let is_of_edge = ["edge_", "http_server_"]
        .iter()
        .any(|start| series.name.starts_with(start));
    match series.name {
        // Its name is the process'.
        "target_info" => None,
        _ if is_of_edge => Some(EDGE.name),
        _ => series.label("service_name"),
    }
}

impl Service {
    fn take(&mut self, series: &Series<'_>) {
        let value = series.value;
        match series.name {
            "rpc_server_call_duration_seconds_count" => {
                let code = series.label("rpc_response_status_code");
                let failed = code.is_some_and(|code| FAULTS.split('|').any(|it| it == code));
                self.count(value, failed);
            }
            "http_server_request_duration_seconds_count" => {
                let status = series.label("http_response_status_code");
                self.count(value, status.is_some_and(|status| status.starts_with('5')));
            }
            "rpc_server_call_duration_seconds_bucket"
            | "http_server_request_duration_seconds_bucket" => {
                if let Some(bound) = series.label("le").and_then(|bound| bound.parse().ok()) {
                    self.calls.add_within(bound, value);
                }
            }
            "tradewind_outbox_pending" => keep_greatest(&mut self.pending, value),
            "tradewind_outbox_oldest_age_seconds" => keep_greatest(&mut self.oldest, value),
            "tradewind_consumer_lag_seconds" => keep_greatest(&mut self.lag, value),
            "rpc_server_open_streams" | "edge_open_streams" => {
                keep_greatest(&mut self.streams, value);
            }
            _ => {}
        }
    }

    fn count(&mut self, calls: f64, failed: bool) {
        self.calls.count += calls;
        if failed {
            self.calls.errors += calls;
        }
    }
}

fn keep_greatest(kept: &mut Option<f64>, value: f64) {
    *kept = Some(kept.unwrap_or(value).max(value));
}

#[cfg(test)]
mod tests {
    use super::*;

    const METRICS: &str = r#"
# TYPE target_info gauge
target_info{service_name="tradewind"} 1
tradewind_build_info{version="0.3.0",otel_scope_name="tradewind"} 1
rpc_server_call_duration_seconds_bucket{rpc_response_status_code="OK",service_name="svc-orders",le="0.1"} 5
rpc_server_call_duration_seconds_bucket{rpc_response_status_code="OK",service_name="svc-orders",le="+Inf"} 6
rpc_server_call_duration_seconds_count{rpc_response_status_code="OK",service_name="svc-orders"} 6
rpc_server_call_duration_seconds_count{rpc_response_status_code="NOT_FOUND",service_name="svc-orders"} 3
rpc_server_call_duration_seconds_count{rpc_response_status_code="UNAVAILABLE",service_name="svc-orders"} 2
tradewind_outbox_pending{service_name="svc-orders"} 4
tradewind_outbox_oldest_age_seconds{service_name="svc-orders"} 1.5
tradewind_consumer_lag_seconds{messaging_destination_name="a",service_name="svc-orders"} 3
tradewind_consumer_lag_seconds{messaging_destination_name="b",service_name="svc-orders"} 2
http_server_request_duration_seconds_count{http_response_status_code="503"} 1
http_server_request_duration_seconds_count{http_response_status_code="404"} 8
edge_open_streams{otel_scope_name="tradewind"} 7
"#;

    #[test]
    fn each_service_of_a_process_has_its_own() {
        let told = Told::read(METRICS);
        assert_eq!(told.version.as_deref(), Some("0.3.0"));
        let names: Vec<_> = told.services.keys().collect();
        assert_eq!(names, ["edge", "svc-orders"]);

        let orders = &told.services["svc-orders"];
        // That there is no such order is an answer.
        assert_eq!((orders.calls.count, orders.calls.errors), (11.0, 2.0));
        assert_eq!((orders.pending, orders.oldest), (Some(4.0), Some(1.5)));
        assert_eq!((orders.lag, orders.streams), (Some(3.0), None));

        let edge = &told.services["edge"];
        assert_eq!((edge.calls.count, edge.calls.errors), (9.0, 1.0));
        assert_eq!((edge.pending, edge.streams), (None, Some(7.0)));
    }
}

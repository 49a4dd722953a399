//! Logs, traces and metrics of a process; one set for all services in it.

mod calls;
mod dependency;
mod durations;
mod endpoints;
mod log_fields;
mod logs;
mod messages;
mod propagation;
mod sampling;

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::metrics::{Meter, MeterProvider as _};
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use prometheus::Registry;

pub use calls::{CallMetrics, CallRecord, code_name};
pub use dependency::Dependency;
pub use durations::Durations;
pub use endpoints::ClientMetrics;
pub(crate) use endpoints::EndpointMetrics;
pub use logs::{LogFormat, TelemetryConfig};
pub use messages::Message;
pub use propagation::{RECORDED, Trace, rename};

use crate::start::StartError;

/// Metrics and traces of a process.
#[derive(Clone)]
pub struct Telemetry(Arc<Inner>);

struct Inner {
    process: &'static str,
    registry: Registry,
    meters: SdkMeterProvider,
    tracers: Option<SdkTracerProvider>,
    server: CallMetrics,
    client: ClientMetrics,
}

impl Telemetry {
    /// Sets up the process: logs to standard error, traces over OTLP if there is an endpoint,
    /// metrics for the ops port. Once per process, inside of a Tokio runtime.
    pub fn install(process: &'static str, config: &TelemetryConfig) -> Result<Self, StartError> {
        let tracers = tracers(process, config)?;
        let telemetry = Telemetry::new(process, tracers.clone())?;
        logs::install(process, config, tracers.as_ref())?;
        opentelemetry::global::set_meter_provider(telemetry.0.meters.clone());
        Ok(telemetry)
    }

    /// Metrics alone, that nobody else in the process sees: for tests.
    pub fn detached() -> Telemetry {
        Telemetry::new("test", None).expect("a new registry has no names to clash with")
    }

    fn new(process: &'static str, tracers: Option<SdkTracerProvider>) -> Result<Self, StartError> {
        let registry = Registry::new();
        let exporter = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .build()
            .map_err(StartError::other)?;
        let meters = SdkMeterProvider::builder()
            .with_resource(resource(process))
            .with_reader(exporter)
            .build();
        let meter = meters.meter(process);
        let server = CallMetrics::new(&meter, "rpc.server.call.duration", "calls served");
        Ok(Telemetry(Arc::new(Inner {
            process,
            registry,
            meters,
            tracers,
            server,
            client: ClientMetrics::new(&meter),
        })))
    }

    /// Makes instruments whose values show up at `/metrics`.
    pub fn meter(&self) -> Meter {
        self.0.meters.meter(self.0.process)
    }

    /// Durations of the calls that are served.
    pub fn server_metrics(&self) -> CallMetrics {
        self.0.server.clone()
    }

    /// What is measured of the calls that are made.
    pub fn client_metrics(&self) -> ClientMetrics {
        self.0.client.clone()
    }

    /// The metrics in Prometheus' text format.
    pub fn prometheus(&self) -> String {
        let encoder = prometheus::TextEncoder::new();
        encoder
            .encode_to_string(&self.0.registry.gather())
            .unwrap_or_else(|error| {
                tracing::error!(%error, "metrics cannot be written");
                String::new()
            })
    }

    /// Sends what was not sent yet, and ends. Blocks for up to five seconds.
    pub fn flush(&self) {
        if let Some(tracers) = &self.0.tracers {
            // The process ends anyway; there is nobody left to tell.
            let _ = tracers.shutdown_with_timeout(Duration::from_secs(5));
        }
    }
}

fn resource(process: &'static str) -> Resource {
    Resource::builder().with_service_name(process).build()
}

/// Without an endpoint nothing is recorded.
fn tracers(
    process: &'static str,
    config: &TelemetryConfig,
) -> Result<Option<SdkTracerProvider>, StartError> {
    let Some(endpoint) = &config.otlp_endpoint else {
        return Ok(None);
    };
    sampling::Sampler::from_env()?.install();
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .build()
        .map_err(|error| StartError::config(format!("--otlp-endpoint: {error}")))?;
    // A span is made only where it is to be recorded.
    let builder = SdkTracerProvider::builder().with_sampler(Sampler::AlwaysOn);
    let builder = builder.with_resource(resource(process));
    Ok(Some(builder.with_batch_exporter(exporter).build()))
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Telemetry")
    }
}

//! Logs, traces and metrics of a process; one set for all services in it.

mod bound;
mod calls;
mod dependency;
mod durations;
mod endpoints;
mod log_fields;
mod logs;
mod messages;
mod observed;
mod otlp;
mod panics;
mod process;
mod propagation;
mod runtimes;
mod sampling;

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::metrics::{Meter, MeterProvider as _};
use opentelemetry_otlp::MetricExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::SdkTracerProvider;
use prometheus::Registry;

pub use bound::Bound;
pub use calls::{CallMetrics, CallRecord, code_name};
pub use dependency::Dependency;
pub use durations::Durations;
pub use endpoints::ClientMetrics;
pub(crate) use endpoints::{EndpointMetrics, Standings};
pub use logs::{Exporter, LogFormat, TelemetryConfig};
pub use messages::Message;
pub use propagation::{RECORDED, Trace, rename};

use crate::start::StartError;

/// How long what was not sent yet may take when the process ends.
const FLUSH: Duration = Duration::from_secs(5);

/// Metrics and traces of a process.
#[derive(Clone)]
pub struct Telemetry(Arc<Inner>);

struct Inner {
    process: &'static str,
    registry: Registry,
    meters: SdkMeterProvider,
    tracers: Option<SdkTracerProvider>,
    loggers: Option<SdkLoggerProvider>,
    server: CallMetrics,
    client: ClientMetrics,
    runtimes: Arc<runtimes::Runtimes>,
}

/// What is measured, and for whom.
enum Measures {
    Nothing,
    /// For the ops port, and perhaps to be sent as well.
    ForScrapes(Option<PeriodicReader<MetricExporter>>),
}

impl Telemetry {
    /// Sets up the process: logs to standard error, traces over OTLP if there is an endpoint, metrics for
    /// the ops port, and over OTLP what else is asked for. Once per process, inside of a Tokio runtime.
    pub fn install(process: &'static str, config: &TelemetryConfig) -> Result<Self, StartError> {
        let config = &config.effective();
        let tracers = otlp::tracers(process, config)?;
        let loggers = otlp::loggers(process, config)?;
        logs::install(process, config, tracers.as_ref(), loggers.as_ref())?;
        let measures = match config.sdk_disabled {
            true => Measures::Nothing,
            false => Measures::ForScrapes(otlp::metrics(config)?),
        };
        let telemetry = Telemetry::new(process, tracers, loggers, measures)?;
        opentelemetry::global::set_meter_provider(telemetry.0.meters.clone());
        panics::tell();
        process::measure(&telemetry);
        telemetry.measure_runtime("main", &tokio::runtime::Handle::current());
        telemetry.tell_runtimes();
        Ok(telemetry)
    }

    /// Metrics alone, that nobody else in the process sees: for tests.
    pub fn detached() -> Telemetry {
        let measures = Measures::ForScrapes(None);
        Telemetry::new("test", None, None, measures)
            .expect("a new registry has no names to clash with")
    }

    fn new(
        process: &'static str,
        tracers: Option<SdkTracerProvider>,
        loggers: Option<SdkLoggerProvider>,
        measures: Measures,
    ) -> Result<Self, StartError> {
        let registry = Registry::new();
        let mut meters = SdkMeterProvider::builder().with_resource(resource(process));
        // Without a reader, instruments keep nothing.
        if let Measures::ForScrapes(otlp) = measures {
            let exporter = opentelemetry_prometheus::exporter()
                .with_registry(registry.clone())
                .build()
                .map_err(StartError::other)?;
            meters = meters.with_reader(exporter);
            if let Some(otlp) = otlp {
                meters = meters.with_reader(otlp);
            }
        }
        let meters = meters.build();
        let meter = meters.meter(process);
        let server = CallMetrics::new(&meter, "rpc.server.call.duration", "calls served");
        Ok(Telemetry(Arc::new(Inner {
            process,
            registry,
            meters,
            tracers,
            loggers,
            server,
            client: ClientMetrics::new(&meter),
            runtimes: Arc::default(),
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
        let Inner {
            tracers,
            loggers,
            meters,
            ..
        } = &*self.0;
        // The process ends anyway; there is nobody left to tell of what fails.
        std::thread::scope(|each| {
            if let Some(tracers) = tracers {
                each.spawn(|| tracers.shutdown_with_timeout(FLUSH));
            }
            if let Some(loggers) = loggers {
                each.spawn(|| loggers.shutdown_with_timeout(FLUSH));
            }
            each.spawn(|| meters.shutdown_with_timeout(FLUSH));
        });
    }
}

fn resource(process: &'static str) -> Resource {
    Resource::builder().with_service_name(process).build()
}

impl std::fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Telemetry")
    }
}

//! Logs: for people or as JSON, and over OTLP; always with the ids of the trace and the request.

use std::io::IsTerminal as _;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_appender_tracing::layer::{OpenTelemetryTracingBridge, TracingSpanAttributes};
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Level;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{Targets, dynamic_filter_fn};
use tracing_subscriber::fmt::{self, format};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::RECORDED;
use super::log_fields::{LogFields, NAMES};
use crate::start::StartError;

/// Logs and traces.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Telemetry")]
pub struct TelemetryConfig {
    /// How logs look; `pretty` on a terminal, else `json`
    #[arg(long, env = "LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    /// What is logged: a level, or levels by target, such as `info,net=debug`
    #[arg(long, env = "RUST_LOG", value_name = "FILTER", default_value = "info")]
    pub log: String,
    /// Where traces go over OTLP/gRPC, such as `http://127.0.0.1:4317`; nowhere if it is not set.
    /// OTEL_TRACES_SAMPLER says which
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,
    /// Where metrics go, besides the ops port's /metrics: `otlp`, where traces go
    #[arg(
        long,
        env = "OTEL_METRICS_EXPORTER",
        value_name = "EXPORTER",
        default_value = "none"
    )]
    pub metrics_exporter: Exporter,
    /// Where logs go, besides standard error: `otlp`, where traces go
    #[arg(
        long,
        env = "OTEL_LOGS_EXPORTER",
        value_name = "EXPORTER",
        default_value = "none"
    )]
    pub logs_exporter: Exporter,
    /// Measure and trace nothing, here or over OTLP; what is logged to standard error stays
    #[arg(
        long,
        env = "OTEL_SDK_DISABLED",
        value_name = "BOOL",
        default_value_t = false,
        action = clap::ArgAction::Set
    )]
    pub sdk_disabled: bool,
}

impl TelemetryConfig {
    /// Without what is disabled.
    pub(super) fn effective(&self) -> TelemetryConfig {
        let mut config = self.clone();
        if config.sdk_disabled {
            config.otlp_endpoint = None;
            config.metrics_exporter = Exporter::Nowhere;
            config.logs_exporter = Exporter::Nowhere;
        }
        config
    }
}

/// Where a signal goes.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exporter {
    /// Nowhere.
    #[default]
    #[value(name = "none")]
    Nowhere,
    /// To the endpoint of OTLP.
    Otlp,
}

/// How logs look.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object per line.
    Json,
}

pub(super) fn install(
    process: &'static str,
    config: &TelemetryConfig,
    tracers: Option<&SdkTracerProvider>,
    loggers: Option<&SdkLoggerProvider>,
) -> Result<(), StartError> {
    let directives = if config.log.is_empty() {
        "info"
    } else {
        &config.log
    };
    let filter = |directives: &str| {
        let filter = directives.parse::<Targets>();
        filter.map_err(|error| StartError::config(format!("--log {directives:?}: {error}")))
    };
    // OpenTelemetry tells of its own start; what is asked for comes later and counts.
    let shown = filter(&format!("opentelemetry=warn,{directives}"))?;
    // What sending them writes itself would never come to an end.
    let of_sending = "opentelemetry=off,h2=off,hyper=off,tonic=off,tower=off";
    let exportable = filter(&format!("{directives},{of_sending}"))?;
    let terminal = std::io::stderr().is_terminal();
    let by_default = if terminal {
        LogFormat::Pretty
    } else {
        LogFormat::Json
    };
    let output = match config.log_format.unwrap_or(by_default) {
        LogFormat::Pretty => fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(terminal)
            .with_filter(shown)
            .boxed(),
        LogFormat::Json => json()
            .with_writer(std::io::stderr)
            .with_filter(shown)
            .boxed(),
    };
    let exported = loggers.map(|loggers| {
        let spans = TracingSpanAttributes::allowlist(NAMES);
        let bridge = OpenTelemetryTracingBridge::builder(loggers);
        let bridge = bridge.with_tracing_span_attributes(spans).build();
        bridge.with_filter(exportable)
    });
    // Asked each time: what a layer answers once and for all is skipped on a thread where somebody
    // has just asked for something else without doing it (`tracing::enabled!`, as sqlx does for
    // each statement), and the next span or event is lost. The hint keeps those of all libraries
    // at lower levels from being asked about at all.
    let recorded = dynamic_filter_fn(|metadata, _| {
        *metadata.level() <= Level::INFO && (metadata.is_event() || metadata.target() == RECORDED)
    });
    let traces = tracers.map(|tracers| {
        tracing_opentelemetry::layer()
            .with_tracer(tracers.tracer(process))
            .with_location(false)
            .with_threads(false)
            .with_level(false)
            .with_target(false)
            // These two cost at each entering of a span, and nobody asks for what they do.
            .with_tracked_inactivity(false)
            .with_context_activation(false)
            .with_filter(recorded.with_max_level_hint(Level::INFO))
    });
    let installed = tracing_subscriber::registry()
        .with(output)
        .with(traces)
        .with(exported)
        .try_init();
    installed.map_err(|_| StartError::other("telemetry was installed before"))
}

/// One object for each line, with the spans that it was written in, outermost first.
pub(super) fn json<S>() -> fmt::Layer<S, LogFields, format::Format<format::Json>> {
    fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(true)
        .fmt_fields(LogFields)
}

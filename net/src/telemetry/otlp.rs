//! What goes out over OTLP/gRPC: traces where there is an endpoint, metrics and logs where they are asked
//! for as well. Each waits in a bounded queue for a thread of its own; what finds no room is lost.

use std::time::Duration;

use opentelemetry::InstrumentationScope;
use opentelemetry::logs::{AnyValue, LogRecord as _};
use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_otlp::{
    ExporterBuildError, LogExporter, MetricExporter, SpanExporter, WithExportConfig as _,
};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogProcessor, SdkLogRecord, SdkLoggerProvider};
use opentelemetry_sdk::metrics::PeriodicReader;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};

use super::{Exporter, TelemetryConfig, resource, sampling};
use crate::start::StartError;

/// Without an endpoint nothing is recorded.
pub(super) fn tracers(
    process: &'static str,
    config: &TelemetryConfig,
) -> Result<Option<SdkTracerProvider>, StartError> {
    let Some(endpoint) = &config.otlp_endpoint else {
        return Ok(None);
    };
    sampling::Sampler::from_env()?.install();
    let exporter = SpanExporter::builder().with_tonic();
    let exporter = exporter.with_endpoint(endpoint).build().map_err(wrong)?;
    // A span is made only where it is to be recorded.
    let builder = SdkTracerProvider::builder().with_sampler(Sampler::AlwaysOn);
    let builder = builder.with_resource(resource(process));
    Ok(Some(builder.with_batch_exporter(exporter).build()))
}

/// Every OTEL_METRIC_EXPORT_INTERVAL.
pub(super) fn metrics(
    config: &TelemetryConfig,
) -> Result<Option<PeriodicReader<MetricExporter>>, StartError> {
    let Some(endpoint) = endpoint(config, config.metrics_exporter, "--metrics-exporter")? else {
        return Ok(None);
    };
    let exporter = MetricExporter::builder().with_tonic();
    let exporter = exporter.with_endpoint(endpoint).build().map_err(wrong)?;
    Ok(Some(PeriodicReader::builder(exporter).build()))
}

pub(super) fn loggers(
    process: &'static str,
    config: &TelemetryConfig,
) -> Result<Option<SdkLoggerProvider>, StartError> {
    let Some(endpoint) = endpoint(config, config.logs_exporter, "--logs-exporter")? else {
        return Ok(None);
    };
    let exporter = LogExporter::builder().with_tonic();
    let exporter = exporter.with_endpoint(endpoint).build().map_err(wrong)?;
    let builder = SdkLoggerProvider::builder().with_resource(resource(process));
    let builder = builder.with_log_processor(InItsTrace);
    Ok(Some(builder.with_batch_exporter(exporter).build()))
}

fn endpoint<'a>(
    config: &'a TelemetryConfig,
    exporter: Exporter,
    flag: &str,
) -> Result<Option<&'a str>, StartError> {
    match (exporter, &config.otlp_endpoint) {
        (Exporter::Nowhere, _) => Ok(None),
        (Exporter::Otlp, Some(endpoint)) => Ok(Some(endpoint)),
        (Exporter::Otlp, None) => {
            let mistake = format!("{flag}: otlp needs --otlp-endpoint");
            Err(StartError::config(mistake))
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err takes")]
fn wrong(error: ExporterBuildError) -> StartError {
    StartError::config(format!("--otlp-endpoint: {error}"))
}

/// A record belongs to the trace that the spans around it name, whether that is recorded or not.
#[derive(Debug)]
struct InItsTrace;

impl LogProcessor for InItsTrace {
    fn emit(&self, record: &mut SdkLogRecord, _: &InstrumentationScope) {
        if let Some(trace) = trace_of(record) {
            record.set_trace_context(trace, SpanId::INVALID, None);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

fn trace_of(record: &SdkLogRecord) -> Option<TraceId> {
    let mut attributes = record.attributes_iter();
    let (_, value) = attributes.find(|(key, _)| key.as_str() == "trace_id")?;
    match value {
        AnyValue::String(id) => TraceId::from_hex(id.as_str()).ok(),
        _ => None,
    }
}

//! `tradewind trace`: one trace as a tree, from where traces are kept.

mod id;
mod otlp;
mod picture;
mod tree;

use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use clap::Args;
use reqwest::{StatusCode, header::ACCEPT};
use url::Url;

use crate::{
    client::{address, http, why, within},
    terminal::Terminal,
};
use id::TraceId;
use otlp::Span;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Where traces are had as OTLP: of Jaeger (HTTP API v3), of Tempo, and of Tempo before 2.7.
const PATHS: [&[&str]; 3] = [
    &["api", "v3", "traces"],
    &["api", "v2", "traces"],
    &["api", "traces"],
];

const ABOUT: &str = "\
Spans stand below the span that caused them, each with its service, when it began, how long it took, the \
same as a bar, and its status. Below a span stand ! what went wrong, > what it is linked to, and ? that its \
parent is missing: it is outside of the mesh, was not kept, or has not arrived yet.

The id of a trace is in the logs (trace_id), in the access log, in Jaeger and Grafana, and whoever sends a \
traceparent to an edge that trusts them (TRUSTED_PROXIES) knows it before.";

#[derive(Args)]
#[command(after_help = ABOUT)]
pub(crate) struct Arguments {
    /// The id of a trace, 32 hexadecimal digits, or a traceparent header
    #[arg(value_name = "ID")]
    id: TraceId,
    /// Jaeger (1.76, 2) or Tempo
    #[arg(long, value_name = "URL", default_value = "http://localhost:16686")]
    from: Url,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let Arguments { id, from } = &arguments;
    let spans = spans(id, from).await?;
    let picture = picture::text(id, &spans, Terminal::now());
    Ok(crate::print(&picture)?)
}

/// Those of a trace, of which there is one at least.
async fn spans(id: &TraceId, from: &Url) -> Result<Vec<Span>> {
    let http = http(from).timeout(PATIENCE).build()?;
    let host = address(from);
    for path in PATHS {
        let path = path.iter().copied().chain([id.as_str()]);
        let request = http.get(within(from, path));
        let reply = request.header(ACCEPT, "application/json").send().await;
        let reply = reply.map_err(|error| anyhow!("{host} does not answer: {}", why(error)))?;
        let status = reply.status();
        if status != StatusCode::NOT_FOUND && !status.is_success() {
            bail!("{host} answers {status}");
        }
        let text = reply.text().await?;
        // Jaeger answers other paths too: with its page, and in a format of its own.
        let spans = otlp::read(&text).unwrap_or_default();
        if !spans.is_empty() {
            return Ok(spans);
        }
    }
    bail!(
        "{host} has no trace {id}: its spans may not have arrived yet, or were not kept \
         (OTEL_TRACES_SAMPLER, the Collector's TRACES_PERCENT), or this is neither Jaeger nor Tempo"
    )
}

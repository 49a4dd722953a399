//! `tradewind reconcile`: whether orders, stock, shipments, payments, the ledger and the provider's own
//! list say the same.

mod books;
mod findings;
mod metrics;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;
use net::clock::Clock;
use serde_json::json;

use crate::client::{Client, Door};
use books::Books;
use findings::Finding;
use metrics::Outcome;

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    door: Door,
    /// Have all given back, or driven on, that an order may not hold: only steps of its saga, which may
    /// be repeated, and no money without an operation that is on record
    #[arg(long)]
    mend: bool,
    /// Leave alone what changed in this time: it may be on its way
    #[arg(long, default_value = "60s", value_parser = net::process::duration)]
    grace: Duration,
    /// Print findings as JSON, one a line
    #[arg(long)]
    json: bool,
    /// Write when this came to its end and what is open then, in Prometheus' text format, for a collector
    /// of text files
    #[arg(long, value_name = "FILE")]
    metrics_file: Option<PathBuf>,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let client = Client::new(&arguments.door)?;
    let books = Books::read(&client).await?;
    let findings = findings::of(&books, Clock::system().now() - arguments.grace);
    let mut open = Vec::new();
    for finding in &findings {
        let mended = arguments.mend && mend(&client, finding).await?;
        crate::print(&line(finding, mended, arguments.json))?;
        if !mended {
            open.push(finding);
        }
    }
    if let Some(path) = &arguments.metrics_file {
        let mendable = open.iter().filter(|it| it.is_mendable).count();
        let outcome = Outcome {
            time: Clock::system().now(),
            mendable,
            others: open.len() - mendable,
        };
        metrics::write(path, outcome)?;
    }
    if !arguments.json {
        crate::print(&format!("{}\n", books.summary()))?;
    }
    if !open.is_empty() {
        let advice = match findings.iter().any(|it| it.is_mendable) && !arguments.mend {
            true => "; `--mend` gives back what can be given back",
            false => "",
        };
        let (open, all) = (open.len(), findings.len());
        bail!("{open} of {all} findings are open{advice}");
    }
    Ok(())
}

/// Asks svc-orders to bring the order and what is held for it together.
async fn mend(client: &Client, finding: &Finding) -> Result<bool> {
    if !finding.is_mendable {
        return Ok(false);
    }
    let action = format!("{}:reconcile", finding.order);
    let call = client
        .post(["v1", "orders", action.as_str()])
        .body(json!({}));
    match client.send(call).await {
        Ok(_) => Ok(true),
        Err(failure) => {
            crate::complain(&format!("order {}: {failure}", finding.order));
            Ok(false)
        }
    }
}

fn line(finding: &Finding, mended: bool, as_json: bool) -> String {
    let Finding {
        order,
        what,
        is_mendable,
    } = finding;
    if as_json {
        let line =
            json!({"orderId": order, "what": what, "mendable": is_mendable, "mended": mended});
        return format!("{line}\n");
    }
    let end = if mended { "  (mended)" } else { "" };
    match order.is_empty() {
        true => format!("{what}{end}\n"),
        false => format!("order {order}: {what}{end}\n"),
    }
}

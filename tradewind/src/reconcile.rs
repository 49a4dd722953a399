//! `tradewind reconcile`: whether orders, stock, shipments, payments, the ledger and the provider's own
//! list say the same.

mod books;
mod findings;

use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;
use net::clock::Clock;
use serde_json::json;

use crate::client::{Client, Door};
use books::Books;
use findings::Finding;

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
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let client = Client::new(&arguments.door)?;
    let books = Books::read(&client).await?;
    let findings = findings::of(&books, Clock::system().now() - arguments.grace);
    let mut open = 0;
    for finding in &findings {
        let mended = arguments.mend && mend(&client, finding).await?;
        open += usize::from(!mended);
        crate::print(&line(finding, mended, arguments.json))?;
    }
    if !arguments.json {
        crate::print(&format!("{}\n", books.summary()))?;
    }
    if open > 0 {
        let advice = match findings.iter().any(|it| it.is_mendable) && !arguments.mend {
            true => "; `--mend` gives back what can be given back",
            false => "",
        };
        bail!("{open} of {} findings are open{advice}", findings.len());
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

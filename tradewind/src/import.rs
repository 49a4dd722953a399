//! `tradewind import`: takes the Online Retail table into a running shop through its REST API.
//! What is there already is left alone, so an import that broke off is finished by running it
//! again.

mod country;
mod report;
mod steps;
mod table;

use std::{path::PathBuf, time::Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use crate::client::{Client, Door};
use report::Report;
use steps::Import;
use table::Table;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Table in the format of Online Retail: InvoiceNo, StockCode, Description, Quantity,
    /// InvoiceDate, UnitPrice, CustomerID, Country
    file: PathBuf,
    /// Currency of the table's prices (ISO 4217)
    #[arg(long, default_value = "GBP")]
    currency: String,
    /// Requests under way at once
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    parallel: u16,
    /// Seconds to wait for orders that the shop is still working on
    #[arg(long, default_value_t = 60)]
    settle: u64,
    #[command(flatten)]
    door: Door,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let bytes = tokio::fs::read(&arguments.file)
        .await
        .with_context(|| format!("cannot read {}", arguments.file.display()))?;
    let table = Table::read(&bytes).with_context(|| arguments.file.display().to_string())?;
    let client = Client::new(&arguments.door)?;
    let start = Instant::now();
    let import = Import {
        client: &client,
        table: &table,
        currency: &arguments.currency,
        parallel: usize::from(arguments.parallel),
    };

    let products = import.products().await?;
    let (accounts, customers) = import.customers().await?;
    let (before, missing) = import.orders_before(&accounts).await?;
    import.stock(&missing).await?;
    let orders = import.orders(&missing, before, &accounts).await?;
    let placed = import
        .settled(&accounts, std::time::Duration::from_secs(arguments.settle))
        .await?;

    let report = Report {
        file: arguments.file.display().to_string(),
        shop: arguments.door.edge.to_string(),
        currency: arguments.currency.clone(),
        seconds: start.elapsed().as_secs_f64(),
        table: &table,
        products,
        customers,
        orders,
        placed,
    };
    crate::print(&report.to_string())?;
    ensure!(
        report.complete(),
        "not everything was imported; the table above says what and why"
    );
    Ok(())
}

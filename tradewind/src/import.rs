//! `tradewind import`: takes the Online Retail table into a running shop through its REST API.
//! What is there already is left alone, so an import that broke off is finished by running it
//! again.

mod cancellation;
mod columns;
mod country;
mod matching;
mod records;
mod refunds;
mod report;
mod sale;
mod skip;
mod steps;
mod table;
mod text;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use encoding_rs::Encoding;
use money::Currency;

use crate::client::{Client, Door};
use report::Report;
use steps::Import;
use table::{Format, Table};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Table with the columns of Online Retail (InvoiceNo, StockCode, Description, Quantity,
    /// InvoiceDate, UnitPrice, CustomerID, Country) or of Online Retail II (Invoice, Price,
    /// Customer ID)
    file: PathBuf,
    /// Encoding of the file, such as utf-8, windows-1252 or utf-16le [default: UTF-8, and lines
    /// that are not as windows-1252; a byte-order mark is obeyed]
    #[arg(long, value_parser = text::encoding)]
    encoding: Option<&'static Encoding>,
    /// What stands between the fields: comma, semicolon, tab, pipe or one character [default: as
    /// the header has it]
    #[arg(long, value_parser = columns::delimiter)]
    delimiter: Option<char>,
    /// Currency of the table's prices (ISO 4217)
    #[arg(long, default_value = "GBP", value_parser = Currency::of)]
    currency: Currency,
    /// Requests under way at once
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    parallel: u16,
    /// Token of the shop's payment provider that all orders are paid by, such as tok_ok of the
    /// sandbox; without it, they are billed elsewhere
    #[arg(long, value_name = "TOKEN")]
    payment_token: Option<String>,
    /// Give back the money of what the table cancels (invoices that begin with C); the orders that it
    /// was sold by are dispatched for that, as money is taken then
    #[arg(long)]
    refund_cancellations: bool,
    /// Seconds to wait for orders, and then for refunds, that the shop is still working on
    #[arg(long, default_value_t = 60)]
    settle: u64,
    #[command(flatten)]
    door: Door,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let bytes = tokio::fs::read(&arguments.file)
        .await
        .with_context(|| format!("cannot read {}", arguments.file.display()))?;
    let format = Format {
        encoding: arguments.encoding,
        delimiter: arguments.delimiter,
        currency: arguments.currency,
    };
    let table =
        Table::read(&bytes, format).with_context(|| arguments.file.display().to_string())?;
    let client = Client::new(&arguments.door)?;
    let start = Instant::now();
    let import = Import {
        client: &client,
        table: &table,
        parallel: usize::from(arguments.parallel),
        payment_token: arguments.payment_token.as_deref(),
    };
    let patience = Duration::from_secs(arguments.settle);

    let products = import.products().await?;
    let (accounts, customers) = import.customers().await?;
    let (before, missing) = import.orders_before(&accounts).await?;
    let stock = import.stock(&missing).await?;
    let orders = import.orders(&missing, before, &accounts).await?;
    let placed = import.settled(&accounts, patience).await?;
    let refunds = match arguments.refund_cancellations {
        true => Some(import.refunds(&placed, patience).await?),
        false => None,
    };
    let payments = import.payments(&placed).await?;

    let report = Report {
        file: arguments.file.display().to_string(),
        shop: client.edge().to_string(),
        seconds: start.elapsed().as_secs_f64(),
        table: &table,
        products,
        customers,
        stock,
        orders,
        placed,
        refunds,
        payments,
    };
    crate::print(&report.to_string())?;
    let (accounted, lines) = report.accounted();
    ensure!(
        accounted == lines,
        "the report accounts for {accounted} of {lines} lines: this is a fault of the import, please report it"
    );
    ensure!(
        report.complete(),
        "not everything was imported; the table above says what and why"
    );
    Ok(())
}

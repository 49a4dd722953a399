//! `tradewind publish-again`: the outboxes keep what was published, for a bus that has lost it.

use std::time::Duration;

use anyhow::{Context as _, Result};
use chrono::TimeDelta;
use clap::Args;
use net::{clock::Clock, process::duration};
use runtime::services::SERVICES;
use store::outbox;

use crate::databases::{Databases, Flags};

#[derive(Args)]
pub(crate) struct Arguments {
    /// How far back, at most 7 days; services recognise what they had before
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = duration)]
    since: Duration,
    #[command(flatten)]
    databases: Flags,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let databases = Databases::find(&arguments.databases)?;
    let now = Clock::system().now();
    let since = TimeDelta::from_std(arguments.since).context("--since is too long")?;
    let mut all = 0;
    for service in SERVICES {
        let Some(database) = databases.open(service).await? else {
            continue;
        };
        let mut tx = database.begin().await?;
        all += outbox::republish(&mut tx, now - since, now).await?;
        tx.commit().await?;
    }
    Ok(crate::print(&format!(
        "{all} events are published again\n"
    ))?)
}

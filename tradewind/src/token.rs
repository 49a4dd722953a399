//! `tradewind token`: an access token for grpcurl and curl, in development.

use anyhow::{Context as _, Result};
use clap::Args;

use crate::client::{Client, Door};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    door: Door,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let client = Client::new(&arguments.door)?;
    let token = client
        .access_token()
        .await?
        .context("the shop gave no token")?;
    crate::print(&format!("{token}\n"))?;
    Ok(())
}

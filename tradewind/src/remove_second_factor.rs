//! `tradewind remove-second-factor`: for the account that nobody gets into any more, the last
//! administrator's too. The operator's key proves more than a code.

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::json;

use crate::client::{Client, Door};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Id or e-mail address of the account
    account: String,
    #[command(flatten)]
    door: Door,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let Arguments { account, door } = arguments;
    let client = Client::new(&door)?;
    let user_id = match account.contains('@') {
        true => find(&client, &account).await?,
        false => account.clone(),
    };
    let action = format!("{user_id}:remove");
    let call = client.post(["v1", "auth", "second-factors", &action]);
    client.send(call.body(json!({}))).await?;
    crate::print(&format!("{account} signs in by its password alone\n"))?;
    Ok(())
}

/// The id of the account with this address.
async fn find(client: &Client, email: &str) -> Result<String> {
    let call = client.get(["v1", "users:search"]).query("query", email);
    let found = client.send(call).await?;
    let user_id = found["profiles"][0]["userId"].as_str();
    let user_id = user_id.with_context(|| format!("no active account has the address {email}"))?;
    Ok(user_id.to_owned())
}

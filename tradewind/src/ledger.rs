//! `tradewind ledger`: the books of svc-payments, added up.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use money::Money;
use serde_json::Value;

use crate::amount;
use crate::client::{Client, Door};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    door: Door,
}

/// What an account holds.
pub(crate) struct Balance {
    pub(crate) account: String,
    pub(crate) amount: Money,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let client = Client::new(&arguments.door)?;
    let (text, is_balanced) = trial(&balances(&client).await?);
    crate::print(&text)?;
    if !is_balanced {
        bail!("the ledger does not sum to zero: somebody wrote to it by hand");
    }
    Ok(())
}

/// The balance of each account in each currency.
pub(crate) async fn balances(client: &Client) -> Result<Vec<Balance>> {
    let reply = client
        .send(client.get(["v1", "payments:trialBalance"]))
        .await?;
    let read = |balance: &Value| {
        let amount = amount::from_json(&balance["balance"]).context("a balance is no amount")?;
        let account = balance["account"].as_str().unwrap_or_default().to_owned();
        Ok(Balance { account, amount })
    };
    let balances = reply["balances"].as_array();
    balances.into_iter().flatten().map(read).collect()
}

/// The trial balance as people read it, and whether each currency's accounts sum to zero.
fn trial(balances: &[Balance]) -> (String, bool) {
    let mut by_currency: BTreeMap<&str, Vec<&Balance>> = BTreeMap::new();
    for balance in balances {
        let currency = balance.amount.currency.code();
        by_currency.entry(currency).or_default().push(balance);
    }
    let mut is_balanced = true;
    let mut text = String::new();
    for (currency, accounts) in by_currency {
        let _ = writeln!(text, "{currency}");
        let mut sum = 0;
        for Balance { account, amount } in &accounts {
            sum += i128::from(amount.minor);
            let _ = writeln!(text, "  {account:<10} {:>20}", amount::format(*amount));
        }
        is_balanced &= sum == 0;
        let said = if sum == 0 {
            "it balances"
        } else {
            "IT DOES NOT BALANCE"
        };
        let _ = writeln!(text, "  {:<10} {sum:>20}  {said}", "sum");
    }
    if text.is_empty() {
        text += "no money has moved yet\n";
    }
    (text, is_balanced)
}

#[cfg(test)]
mod tests {
    use money::Currency;

    use super::*;

    fn balance(account: &str, minor: i64) -> Balance {
        let currency = Currency::of("GBP").expect("a code of the table");
        Balance {
            account: account.to_owned(),
            amount: Money { currency, minor },
        }
    }

    #[test]
    fn a_ledger_balances_when_each_currency_sums_to_zero() {
        let (text, is_balanced) =
            trial(&[balance("captured", 123_456), balance("customer", -123_456)]);
        assert!(is_balanced);
        assert!(text.contains("captured               1,234.56"), "{text}");
        let (text, is_balanced) = trial(&[balance("captured", 1)]);
        assert!(!is_balanced && text.contains("DOES NOT"), "{text}");
        assert!(trial(&[]).1);
    }
}

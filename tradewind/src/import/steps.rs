//! The steps of an import, in their order.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use anyhow::{Context as _, Result};
use futures::{StreamExt as _, stream};
use money::Money;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    country,
    table::{self, Invoice, Table},
};
use crate::{
    client::{Client, Failure},
    progress::progress,
    shop::{self, Made, NewProduct, Order},
};

/// External id of the account of the invoices that name no customer.
const GUEST: &str = "guest";
/// Lines that an order may have (the contract of CreateOrder).
const MOST_LINES: usize = 1_000;

pub(super) struct Import<'a> {
    pub(super) client: &'a Client,
    pub(super) table: &'a Table,
    /// Requests under way at once.
    pub(super) parallel: usize,
}

/// How many of a kind were made, were there, or were refused and why.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) new: u64,
    pub(super) before: u64,
    /// Names, by the reason.
    pub(super) refused: BTreeMap<String, Vec<String>>,
}

impl Outcome {
    fn count(&mut self, name: &str, made: Result<Made, Failure>) -> Result<(), Failure> {
        match made {
            Ok(Made::New) => self.new += 1,
            Ok(Made::Before) => self.before += 1,
            Err(failure) if failure.refuses() => {
                self.refused
                    .entry(failure.to_string())
                    .or_default()
                    .push(name.to_owned());
            }
            Err(failure) => return Err(failure),
        }
        Ok(())
    }
}

/// Ids of the accounts, by their external ids.
pub(super) type Accounts = HashMap<String, String>;

impl Import<'_> {
    pub(super) async fn products(&self) -> Result<Outcome> {
        let known = shop::skus(self.client)
            .await
            .context("the list of products")?;
        let (before, missing): (Vec<_>, Vec<_>) = self
            .table
            .products
            .iter()
            .partition(|product| known.contains(&product.sku));
        let mut outcome = Outcome {
            before: before.len() as u64,
            ..Outcome::default()
        };
        let bar = progress("products", missing.len());
        let mut steps = stream::iter(missing)
            .map(|product| async {
                let new = NewProduct {
                    sku: &product.sku,
                    title: &product.title,
                    description: "",
                    price: Money {
                        currency: self.table.currency,
                        minor: product.price,
                    },
                };
                (
                    product.sku.as_str(),
                    shop::add_product(self.client, &new).await,
                )
            })
            .buffer_unordered(self.parallel);
        while let Some((sku, made)) = steps.next().await {
            outcome
                .count(sku, made)
                .with_context(|| format!("product {sku}"))?;
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(outcome)
    }

    pub(super) async fn customers(&self) -> Result<(Accounts, Outcome)> {
        let mut accounts = shop::users(self.client)
            .await
            .context("the list of accounts")?;
        let mut wanted = self.table.customers();
        if self
            .table
            .invoices
            .iter()
            .any(|invoice| invoice.customer.is_none())
        {
            wanted.push(GUEST);
        }
        let (before, missing): (Vec<_>, Vec<_>) = wanted
            .into_iter()
            .partition(|id| accounts.contains_key(*id));
        let mut outcome = Outcome {
            before: before.len() as u64,
            ..Outcome::default()
        };
        let bar = progress("customers", missing.len());
        let mut steps = stream::iter(missing)
            .map(|id| async move {
                let name = if id == GUEST {
                    "Guest".to_owned()
                } else {
                    format!("Customer {id}")
                };
                (id, shop::add_user(self.client, id, &name).await)
            })
            .buffer_unordered(self.parallel);
        while let Some((id, added)) = steps.next().await {
            let added = added.map(|(made, account)| {
                accounts.insert(id.to_owned(), account);
                made
            });
            outcome
                .count(id, added)
                .with_context(|| format!("customer {id}"))?;
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok((accounts, outcome))
    }

    /// How many of the invoices are orders already, and those that are not.
    pub(super) async fn orders_before(&self, accounts: &Accounts) -> Result<(u64, Vec<&Invoice>)> {
        let orders = shop::orders(self.client)
            .await
            .context("the list of orders")?;
        let known: HashSet<_> = orders
            .iter()
            .map(|order| (order.user.as_str(), order.reference.as_str()))
            .collect();
        let is_known = |invoice: &&Invoice| {
            account_of(invoice, accounts)
                .is_some_and(|account| known.contains(&(account, invoice.number.as_str())))
        };
        let (before, missing): (Vec<_>, Vec<_>) = self.table.invoices.iter().partition(is_known);
        Ok((before.len() as u64, missing))
    }

    /// Gives the products of the missing invoices the units that the whole table sells, once. What
    /// is refused leaves its orders without stock, and the others go on.
    pub(super) async fn stock(&self, missing: &[&Invoice]) -> Result<Outcome> {
        let mut units = vec![0; self.table.products.len()];
        for line in self
            .table
            .invoices
            .iter()
            .flat_map(|invoice| &invoice.lines)
        {
            units[line.product] += line.quantity;
        }
        let wanted: HashSet<usize> = missing
            .iter()
            .flat_map(|invoice| &invoice.lines)
            .map(|line| line.product)
            .collect();
        let digest = &self.table.digest[..16];
        let reason = format!("import of {digest}");
        let bar = progress("stock", wanted.len());
        let (units, reason) = (&units, reason.as_str());
        let mut outcome = Outcome::default();
        let mut steps = stream::iter(wanted)
            .map(|product| async move {
                let sku = self.table.products[product].sku.as_str();
                let key = format!("import-{digest}-stock-{product}");
                let added = shop::add_stock(self.client, sku, units[product], reason, key);
                (sku, added.await)
            })
            .buffer_unordered(self.parallel);
        while let Some((sku, added)) = steps.next().await {
            outcome
                .count(sku, added)
                .with_context(|| format!("stock of {sku}"))?;
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(outcome)
    }

    pub(super) async fn orders(
        &self,
        missing: &[&Invoice],
        before: u64,
        accounts: &Accounts,
    ) -> Result<Outcome> {
        let mut outcome = Outcome {
            before,
            ..Outcome::default()
        };
        let bar = progress("orders", missing.len());
        let mut steps = stream::iter(missing)
            .map(|invoice| async move {
                let placed = match self.order(invoice, accounts) {
                    Ok(order) => shop::place_order(self.client, order, self.key(invoice)).await,
                    Err(why) => Err(Failure::contradiction(why)),
                };
                (invoice.number.as_str(), placed)
            })
            .buffer_unordered(self.parallel);
        while let Some((number, placed)) = steps.next().await {
            outcome
                .count(number, placed)
                .with_context(|| format!("invoice {number}"))?;
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(outcome)
    }

    /// The idempotency key of an order: a header, which not every invoice number could stand in.
    fn key(&self, invoice: &Invoice) -> String {
        let number = table::digest(invoice.number.as_bytes());
        format!("import-{}-{}", &self.table.digest[..16], &number[..16])
    }

    /// The order of an invoice. The table has no addresses, only countries.
    fn order(&self, invoice: &Invoice, accounts: &Accounts) -> Result<Value, &'static str> {
        let account = account_of(invoice, accounts).ok_or("its customer was refused")?;
        if invoice.lines.len() > MOST_LINES {
            return Err("it has more than 1,000 lines");
        }
        let items: Vec<_> = invoice
            .lines
            .iter()
            .map(|line| json!({"sku": self.table.products[line.product].sku, "quantity": line.quantity}))
            .collect();
        let name = invoice
            .customer
            .as_ref()
            .map_or("Guest".to_owned(), |number| format!("Customer {number}"));
        Ok(json!({
            "userId": account,
            "externalReference": invoice.number,
            "items": items,
            "shipTo": {
                "name": name,
                "lines": ["Address not in the table"],
                "city": "Unknown",
                "postalCode": "",
                "country": country::code(&invoice.country),
            },
        }))
    }

    /// The table's orders as the shop has them, once it works on none of them any more, or at the
    /// latest after `patience`.
    pub(super) async fn settled(
        &self,
        accounts: &Accounts,
        patience: Duration,
    ) -> Result<Vec<Order>> {
        let deadline = Instant::now() + patience;
        let ours: HashSet<_> = self
            .table
            .invoices
            .iter()
            .filter_map(|invoice| Some((account_of(invoice, accounts)?, invoice.number.as_str())))
            .collect();
        loop {
            let mut orders = shop::orders(self.client)
                .await
                .context("the list of orders")?;
            orders.retain(|order| ours.contains(&(order.user.as_str(), order.reference.as_str())));
            if Instant::now() > deadline || orders.iter().all(|order| order.state != "PENDING") {
                return Ok(orders);
            }
            sleep(Duration::from_millis(500)).await;
        }
    }
}

fn account_of<'a>(invoice: &Invoice, accounts: &'a Accounts) -> Option<&'a str> {
    accounts
        .get(invoice.customer.as_deref().unwrap_or(GUEST))
        .map(String::as_str)
}

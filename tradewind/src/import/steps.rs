//! The steps of an import, in their order.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    pin::pin,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
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
    shop::{
        self, Made, NewProduct, Order,
        payments::{self, Payment},
    },
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
    /// What the orders are paid by; none if they are billed elsewhere.
    pub(super) payment_token: Option<&'a str>,
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

/// An invoice that is no order yet.
pub(super) struct Missing<'a> {
    invoice: &'a Invoice,
    /// How often the shop has refused it.
    refused: usize,
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

    /// How many of the invoices are orders already, and those that are not. One that is PENDING may be
    /// what an import that broke off has left: it is placed once more, by the same key, as its payment
    /// token is in no other place.
    pub(super) async fn orders_before(
        &self,
        accounts: &Accounts,
    ) -> Result<(u64, Vec<Missing<'_>>)> {
        let orders = shop::orders(self.client)
            .await
            .context("the list of orders")?;
        let mut known: HashMap<_, Vec<&Order>> = HashMap::new();
        for order in &orders {
            let name = (order.user.as_str(), order.reference.as_str());
            known.entry(name).or_default().push(order);
        }
        let mut missing = Vec::new();
        for invoice in &self.table.invoices {
            let account = account_of(invoice, accounts);
            let orders = account.and_then(|it| known.get(&(it, invoice.number.as_str())));
            let orders = orders.map(Vec::as_slice).unwrap_or_default();
            let refused = orders.iter().filter(|order| order.is_refused()).count();
            let is_there = |order: &&Order| !order.is_refused() && order.state != "PENDING";
            if !orders.iter().any(is_there) {
                missing.push(Missing { invoice, refused });
            }
        }
        let before = self.table.invoices.len() - missing.len();
        Ok((before as u64, missing))
    }

    /// Gives the products of the missing invoices the units that the whole table sells, once. What
    /// is refused leaves its orders without stock, and the others go on.
    pub(super) async fn stock(&self, missing: &[Missing<'_>]) -> Result<Outcome> {
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
            .flat_map(|missing| &missing.invoice.lines)
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
        missing: &[Missing<'_>],
        before: u64,
        accounts: &Accounts,
    ) -> Result<Outcome> {
        let mut outcome = Outcome {
            before,
            ..Outcome::default()
        };
        let bar = progress("orders", missing.len());
        let place = |missing| self.place(missing, accounts);
        // All have the same token: the first one tells whether it is any good.
        let alone = missing.len().min(usize::from(self.payment_token.is_some()));
        let (first, others) = missing.split_at(alone);
        let first = stream::iter(first).then(place);
        let others = stream::iter(others).map(place);
        let mut steps = pin!(first.chain(others.buffer_unordered(self.parallel)));
        while let Some((number, placed)) = steps.next().await {
            if outcome.new == 0
                && let Err(failure) = &placed
                && failure.refuses_payment()
            {
                bail!(
                    "invoice {number} cannot be paid, and so no other: {failure}; \
                     --payment-token names what orders are paid by, and without it they are not \
                     paid in this shop"
                );
            }
            outcome
                .count(number, placed)
                .with_context(|| format!("invoice {number}"))?;
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(outcome)
    }

    /// Places the order of an invoice; one that was given up for want of its token, anew.
    async fn place<'a>(
        &self,
        missing: &'a Missing<'_>,
        accounts: &Accounts,
    ) -> (&'a str, Result<Made, Failure>) {
        let Missing { invoice, refused } = missing;
        let mut placed = self.place_once(invoice, *refused, accounts).await;
        if placed.as_ref().is_err_and(Failure::is_of_no_payment) {
            placed = self.place_once(invoice, refused + 1, accounts).await;
        }
        (&invoice.number, placed)
    }

    async fn place_once(
        &self,
        invoice: &Invoice,
        refused: usize,
        accounts: &Accounts,
    ) -> Result<Made, Failure> {
        let order = self.order(invoice, accounts);
        let order = order.map_err(Failure::contradiction)?;
        // The key is a header, which not every invoice number could stand in, and no token should.
        let number = &invoice.number;
        let token = self.payment_token.unwrap_or_default();
        let what = table::digest(format!("{number} {token} {refused}").as_bytes());
        let key = format!("import-{}-{}", &self.table.digest[..16], &what[..16]);
        shop::place_order(self.client, order, key).await
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
        let mut order = json!({
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
        });
        if let Some(token) = self.payment_token {
            order["paymentToken"] = token.into();
        }
        Ok(order)
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
            if Instant::now() > deadline || !orders.iter().any(Order::is_in_progress) {
                return Ok(orders);
            }
            sleep(Duration::from_millis(500)).await;
        }
    }

    /// The payments of these orders.
    pub(super) async fn payments(&self, placed: &[Order]) -> Result<Vec<Payment>> {
        let mut payments = payments::all(self.client)
            .await
            .context("the list of payments")?;
        let ours: HashSet<_> = placed.iter().map(|order| order.id.as_str()).collect();
        payments.retain(|payment| ours.contains(payment.order.as_str()));
        Ok(payments)
    }
}

fn account_of<'a>(invoice: &Invoice, accounts: &'a Accounts) -> Option<&'a str> {
    accounts
        .get(invoice.customer.as_deref().unwrap_or(GUEST))
        .map(String::as_str)
}

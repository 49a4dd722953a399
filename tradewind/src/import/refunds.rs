//! The step that gives back the money of what was cancelled.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use anyhow::{Context as _, Result};
use futures::{StreamExt as _, stream};
use money::Money;
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, sleep};
use uuid::{Builder, Uuid};

use super::{
    matching::{self, Unmatched},
    steps::Import,
};
use crate::{
    client::Failure,
    progress::progress,
    shop::{
        Order,
        payments::{self, NewRefund},
    },
};

/// The table does not say who carried what was sold.
const CARRIER: &str = "Not in the table";
/// Until it is looked again how far the shop is.
const PAUSE: Duration = Duration::from_millis(200);

/// What became of a line of a cancellation.
#[derive(Debug, Clone)]
pub(super) enum Fate {
    /// Its money was given back.
    GivenBack,
    /// It takes no sale of the table back.
    Unmatched(Unmatched),
    /// Its money should have been given back, and was not.
    Kept(String),
}

impl Import<'_> {
    /// What became of each line of a cancellation, by its place in `Table::cancellations`. Those that
    /// take a sale back are made one refund for each cancellation and order. Money can be given back
    /// once it was taken, and it is taken when the goods are sent: so the order is.
    pub(super) async fn refunds(
        &self,
        placed: &[Order],
        patience: Duration,
    ) -> Result<BTreeMap<usize, Fate>> {
        let deadline = Instant::now() + patience;
        let orders = placed.iter().filter(|order| order.is_sold());
        let orders: HashMap<_, _> = orders
            .map(|order| (order.reference.as_str(), order))
            .collect();
        let mut fates = BTreeMap::new();
        let mut refunds: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
        for (line, sale) in matching::sales(self.table).into_iter().enumerate() {
            match sale {
                Err(why) => {
                    fates.insert(line, Fate::Unmatched(why));
                }
                Ok(invoice) => {
                    let cancellation = self.table.cancellations[line].invoice.as_str();
                    let refund = (invoice.number.as_str(), cancellation);
                    refunds.entry(refund).or_default().push(line);
                }
            }
        }
        let bar = progress("refunds", refunds.len());
        let orders = &orders;
        let mut steps = stream::iter(refunds)
            .map(|((invoice, cancellation), lines)| async move {
                let refunded = match orders.get(invoice) {
                    Some(order) => self.refund(order, cancellation, &lines, deadline).await,
                    None => Ok(Fate::Kept("its order is not in the shop".to_owned())),
                };
                (cancellation, lines, refunded)
            })
            .buffer_unordered(self.parallel);
        while let Some((cancellation, lines, refunded)) = steps.next().await {
            let fate = match refunded {
                Err(failure) if failure.refuses() => Fate::Kept(failure.to_string()),
                refunded => refunded.with_context(|| format!("cancellation {cancellation}"))?,
            };
            fates.extend(lines.into_iter().map(|line| (line, fate.clone())));
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(fates)
    }

    /// Has the order sent, so that its money is taken, and the money of these lines given back. Each
    /// step is taken by how things stand, so that a later import goes on from there.
    async fn refund(
        &self,
        order: &Order,
        cancellation: &str,
        lines: &[usize],
        deadline: Instant,
    ) -> Result<Fate, Failure> {
        let Some(amount) = self.amount(order, lines) else {
            return Ok(Fate::Kept("its order is of other products".to_owned()));
        };
        let refund = NewRefund {
            id: refund_id(&order.id, cancellation),
            amount,
            reason: format!("cancellation {cancellation}"),
        };
        let id = refund.id.to_string();
        loop {
            let Some(payment) = payments::of_order(self.client, &order.id).await? else {
                return Ok(Fate::Kept("its order has no payment here".to_owned()));
            };
            match payment.refunds.get(&id).map(String::as_str) {
                Some("SUCCEEDED") => return Ok(Fate::GivenBack),
                Some("FAILED") => {
                    return Ok(Fate::Kept("the payment provider refused it".to_owned()));
                }
                Some(_) => {}
                None if payment.captured > 0 => {
                    payments::refund(self.client, &payment, &refund).await?;
                }
                None if payment.state == "AUTHORIZED" => {
                    payments::dispatch(self.client, &order.id, CARRIER, &order.reference).await?;
                }
                None => {
                    let why = format!("the payment of its order is {}", payment.state);
                    return Ok(Fate::Kept(why));
                }
            }
            if Instant::now() > deadline {
                let why = "the shop was not done in time: run the import again";
                return Ok(Fate::Kept(why.to_owned()));
            }
            sleep(PAUSE).await;
        }
    }

    /// What the order has charged for the units of these lines; none if it has not sold them.
    fn amount(&self, order: &Order, lines: &[usize]) -> Option<Money> {
        let mut sum: Option<Money> = None;
        for line in lines.iter().map(|line| &self.table.cancellations[*line]) {
            let item = order.items.iter().find(|item| item.sku == line.sku)?;
            let minor = item.unit_price.minor.checked_mul(line.units?)?;
            let before = sum.map_or(0, |sum| sum.minor);
            sum = Some(Money {
                minor: before.checked_add(minor)?,
                ..item.unit_price
            });
        }
        sum
    }
}

/// The id by which svc-payments knows the refund for good, whatever became of an import.
fn refund_id(order: &str, cancellation: &str) -> Uuid {
    let digest = Sha256::digest(format!("{order} {cancellation}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}

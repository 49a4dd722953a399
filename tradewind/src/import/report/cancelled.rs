//! What became of the cancellations, and of the orders' money.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use money::Money;

use super::{Report, account::Row};
use crate::{
    amount::{self, group},
    import::refunds::Fate,
    shop::payments::Payment,
};

impl Report<'_> {
    /// The lines of the cancellations, each in one row.
    pub(super) fn cancelled(&self) -> impl Iterator<Item = Row> {
        let mut rows: BTreeMap<String, (Row, BTreeSet<&str>)> = BTreeMap::new();
        for (place, line) in self.table.cancellations.iter().enumerate() {
            let what = match self.fate(place) {
                None => "no sale: cancellation".to_owned(),
                Some(Fate::GivenBack) => "cancelled, and the money given back".to_owned(),
                Some(Fate::Unmatched(why)) => format!("no sale: cancellation; {why}"),
                Some(Fate::Kept(why)) => format!("cancelled, and the money NOT given back: {why}"),
            };
            let new = |what: &String| (Row::new(what.clone()), BTreeSet::new());
            let (row, invoices) = rows.entry(what.clone()).or_insert_with(|| new(&what));
            row.lines += line.numbers.end - line.numbers.start;
            row.examples.extend(line.numbers.clone());
            invoices.insert(&line.invoice);
            row.invoices = invoices.len() as u64;
        }
        rows.into_values().map(|(row, _)| row)
    }

    fn fate(&self, place: usize) -> Option<&Fate> {
        self.refunds.as_ref()?.get(&place)
    }

    /// How the money stands, if there is any.
    pub(super) fn money(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let currency = self.table.currency;
        let sum = |what: fn(&Payment) -> i64| {
            let payments = self.payments.iter();
            let payments = payments.filter(|payment| payment.currency == currency.code());
            let minor = payments.map(what).fold(0, i64::saturating_add);
            amount::format(Money { currency, minor })
        };
        if !self.payments.is_empty() {
            writeln!(
                f,
                "\nPayments of these orders: {} {currency} authorized, {} captured, {} refunded.",
                sum(|payment| payment.authorized),
                sum(|payment| payment.captured),
                sum(|payment| payment.refunded)
            )?;
        }
        if self.refunds.is_none() {
            return Ok(());
        }
        // Of each cancellation, whether a line was given back, and whether one was not.
        let mut ends: BTreeMap<&str, BTreeSet<bool>> = BTreeMap::new();
        for (place, line) in self.table.cancellations.iter().enumerate() {
            let is_back = matches!(self.fate(place), Some(Fate::GivenBack));
            ends.entry(&line.invoice).or_default().insert(is_back);
        }
        let count = |whole: bool, part: bool| {
            let ends = ends.values();
            let ends = ends.filter(|it| (it.contains(&true), it.contains(&false)) == (whole, part));
            group(ends.count() as u64)
        };
        writeln!(
            f,
            "\nOf {} cancellations {} were given back whole, {} in part and {} not; the lines below say why.",
            group(ends.len() as u64),
            count(true, false),
            count(true, true),
            count(false, true)
        )
    }
}

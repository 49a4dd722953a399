//! What an import did, as a table for people.

use std::fmt;

use super::{
    steps::Outcome,
    table::{Figures, Table},
};
use crate::{
    money::{format, group},
    shop::Order,
};

/// How many names of refused things and line numbers are printed for a reason.
const EXAMPLES: usize = 5;

pub(super) struct Report<'a> {
    pub(super) file: String,
    pub(super) shop: String,
    pub(super) currency: String,
    pub(super) seconds: f64,
    pub(super) table: &'a Table,
    pub(super) products: Outcome,
    pub(super) customers: Outcome,
    pub(super) orders: Outcome,
    /// The table's orders as the shop has them.
    pub(super) placed: Vec<Order>,
}

impl Report<'_> {
    /// Orders that count: neither refused nor cancelled.
    fn sold(&self) -> impl Iterator<Item = &Order> {
        self.placed
            .iter()
            .filter(|order| !matches!(order.state.as_str(), "PENDING" | "REJECTED" | "CANCELLED"))
    }

    /// Whether every sale of the table is an order now.
    pub(super) fn complete(&self) -> bool {
        self.sold().count() == self.table.invoices.len()
    }

    fn refusals(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, outcome) in [
            ("product", &self.products),
            ("customer", &self.customers),
            ("invoice", &self.orders),
        ] {
            for (why, names) in &outcome.refused {
                writeln!(f, "  {kind} {}: {why}", examples(names))?;
            }
        }
        for state in ["PENDING", "REJECTED", "CANCELLED"] {
            let orders: Vec<_> = self
                .placed
                .iter()
                .filter(|order| order.state == state)
                .map(|order| order.reference.as_str())
                .collect();
            if !orders.is_empty() {
                writeln!(f, "  invoice {}: its order is {state}", examples(&orders))?;
            }
        }
        Ok(())
    }

    fn skipped_lines(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (skip, skipped) in &self.table.skipped {
            let (lines, invoices) = (skipped.lines.len() as u64, skipped.invoices.len() as u64);
            writeln!(
                f,
                "  {:<40} {:>6} of {:>4} invoices (row {})",
                skip.why(),
                group(lines),
                group(invoices),
                examples(&skipped.lines)
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file: Figures = self.table.figures();
        let units: u64 = self.sold().map(|order| order.units).sum();
        let total: i64 = self.sold().map(|order| order.total).sum();
        let currency = &self.currency;

        writeln!(
            f,
            "{} -> {} in {:.1} s\n",
            self.file, self.shop, self.seconds
        )?;
        writeln!(
            f,
            "{:<12} {:>12} {:>12} {:>12} {:>12}",
            "", "in the file", "imported", "were there", "refused"
        )?;
        let guests = u64::from(file.guest_orders > 0);
        for (kind, in_file, outcome) in [
            ("products", file.products, &self.products),
            ("customers", file.customers + guests, &self.customers),
            ("orders", file.orders, &self.orders),
        ] {
            let refused: usize = outcome.refused.values().map(Vec::len).sum();
            let (new, before) = (group(outcome.new), group(outcome.before));
            writeln!(
                f,
                "{kind:<12} {:>12} {new:>12} {before:>12} {:>12}",
                group(in_file),
                group(refused as u64)
            )?;
        }
        if guests > 0 {
            writeln!(
                f,
                "\nThe {} invoices without a customer are orders of one guest account.",
                group(file.guest_orders)
            )?;
        }

        let sold = self.sold().count() as u64;
        writeln!(
            f,
            "\n{:<12} {:>12} {:>12}",
            "", "in the file", "in the shop"
        )?;
        writeln!(
            f,
            "{:<12} {:>12} {:>12}",
            "orders",
            group(file.orders),
            group(sold)
        )?;
        writeln!(
            f,
            "{:<12} {:>12} {:>12}",
            "units",
            group(file.units),
            group(units)
        )?;
        writeln!(
            f,
            "{:<12} {:>12} {:>12} {currency}",
            "total",
            format(file.total),
            format(total)
        )?;
        let difference = total - file.total;
        if difference != 0 {
            let sign = if difference > 0 { "+" } else { "" };
            writeln!(
                f,
                "{:<12} {:>12} {:>12} {currency}",
                "difference",
                "",
                sign.to_owned() + &format(difference)
            )?;
        }
        let by_price = file.total_at_first_price - file.total;
        if by_price != 0 {
            writeln!(
                f,
                "\nThe shop has one price for a product, the first in the file; the file changes prices between\n\
                 invoices. That makes {} {currency} of the difference.",
                format(by_price)
            )?;
        }

        if !self.table.skipped.is_empty() {
            writeln!(f, "\nLines that are no sales:")?;
            self.skipped_lines(f)?;
        }
        if !self.complete() {
            writeln!(f, "\nNot imported:")?;
            self.refusals(f)?;
        }
        Ok(())
    }
}

fn examples<T: ToString>(all: &[T]) -> String {
    let mut shown: Vec<_> = all.iter().take(EXAMPLES).map(T::to_string).collect();
    if all.len() > EXAMPLES {
        shown.push(format!("and {} more", group((all.len() - EXAMPLES) as u64)));
    }
    shown.join(", ")
}

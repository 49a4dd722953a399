//! Which sale a cancellation takes back. The table does not say; this is the rule.

use std::{
    collections::{HashMap, HashSet},
    fmt, ptr,
};

use super::{
    cancellation::Cancellation,
    table::{Invoice, Table},
};

/// Why a line of a cancellation takes no sale of the table back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unmatched {
    NoCustomer,
    Unreadable,
    NeverSold,
    NotBefore,
    MoreThanLeft,
}

impl fmt::Display for Unmatched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unmatched::NoCustomer => "it names no customer",
            Unmatched::Unreadable => "its quantity is not below 0, or its date is none",
            Unmatched::NeverSold => {
                "the table sells nothing by that code: a discount, a fee, or sold before"
            }
            Unmatched::NotBefore => "the customer bought none of it before, in this table",
            Unmatched::MoreThanLeft => "no order before has so many units of it left",
        })
    }
}

/// The invoice that each line of a cancellation takes units back from, in the order of
/// `Table::cancellations`.
///
/// It is one that sold the same product to the same customer, not after the cancellation, and has at
/// least so many units of it left, the lines before in the file having taken theirs; of several, the
/// latest. Prices and descriptions do not count: the shop gives back what it has charged.
pub(super) fn sales(table: &Table) -> Vec<Result<&Invoice, Unmatched>> {
    let mut sales = Sales::of(table);
    let lines = table.cancellations.iter();
    lines.map(|line| sales.take_back(line)).collect()
}

/// Units of a product that an invoice has sold and that were not taken back.
struct Sold<'a> {
    invoice: &'a Invoice,
    units: i64,
}

struct Sales<'a> {
    products: HashSet<&'a str>,
    /// By customer and product, in the order of the file.
    sold: HashMap<(&'a str, &'a str), Vec<Sold<'a>>>,
}

impl<'a> Sales<'a> {
    fn of(table: &'a Table) -> Sales<'a> {
        let mut sold: HashMap<_, Vec<Sold<'_>>> = HashMap::new();
        for invoice in &table.invoices {
            let Some(customer) = invoice.customer.as_deref() else {
                continue;
            };
            for line in &invoice.lines {
                let sku = table.products[line.product].sku.as_str();
                let sales = sold.entry((customer, sku)).or_default();
                match sales.last_mut() {
                    Some(last) if ptr::eq(last.invoice, invoice) => last.units += line.quantity,
                    _ => sales.push(Sold {
                        invoice,
                        units: line.quantity,
                    }),
                }
            }
        }
        let skus = table.products.iter().map(|product| product.sku.as_str());
        Sales {
            products: skus.collect(),
            sold,
        }
    }

    fn take_back(&mut self, line: &'a Cancellation) -> Result<&'a Invoice, Unmatched> {
        let customer = line.customer.as_deref().ok_or(Unmatched::NoCustomer)?;
        let (units, time) = line.units.zip(line.time).ok_or(Unmatched::Unreadable)?;
        if !self.products.contains(line.sku.as_str()) {
            return Err(Unmatched::NeverSold);
        }
        let sales = self.sold.get_mut(&(customer, line.sku.as_str()));
        let sales = sales.into_iter().flatten();
        let mut before = sales.filter(|sold| sold.invoice.time <= time).peekable();
        if before.peek().is_none() {
            return Err(Unmatched::NotBefore);
        }
        // Of several at the same time, this is the last of the file.
        let sold = before
            .filter(|sold| sold.units >= units)
            .max_by_key(|sold| sold.invoice.time)
            .ok_or(Unmatched::MoreThanLeft)?;
        sold.units -= units;
        Ok(sold.invoice)
    }
}

#[cfg(test)]
mod tests;

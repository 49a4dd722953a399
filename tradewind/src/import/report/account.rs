//! What became of every line of the file: each is in one row.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

use super::{Report, examples};
use crate::{amount::group, import::table::Invoice, shop::Order};

/// Every line of the file, each in one row.
pub(super) fn rows(report: &Report<'_>) -> Vec<Row> {
    let mut rows = vec![Row {
        lines: report.table.header,
        ..Row::new("header".to_owned())
    }];
    let fates = Fates::new(report);
    let mut invoices: BTreeMap<Option<String>, Row> = BTreeMap::new();
    for invoice in &report.table.invoices {
        let fate = fates.of(invoice);
        let row = invoices.entry(fate.clone()).or_insert_with(|| match fate {
            None => Row::new("sales, in orders of the shop".to_owned()),
            Some(why) => Row::new(format!("not imported: {why}")),
        });
        row.invoices += 1;
        let numbers = invoice.lines.iter().flat_map(|line| line.numbers.clone());
        for number in numbers {
            row.lines += 1;
            row.examples.push(number);
        }
    }
    if let Some(sold) = invoices.get_mut(&None) {
        // Nobody looks for lines that are where they should be.
        sold.examples.clear();
    }
    rows.extend(invoices.into_values());
    rows.extend(report.cancelled());
    rows.extend(report.table.skipped.iter().map(|(skip, skipped)| {
        let kind = if skip.is_no_sale() {
            "no sale"
        } else {
            "not imported"
        };
        Row {
            what: format!("{kind}: {}", skip.why()),
            lines: skipped.lines.len() as u64,
            invoices: skipped.invoices.len() as u64,
            examples: skipped.lines.clone(),
        }
    }));
    rows
}

/// A row of the account of the file's lines.
pub(super) struct Row {
    pub(super) what: String,
    pub(super) lines: u64,
    pub(super) invoices: u64,
    /// Numbers of the lines.
    pub(super) examples: Vec<u64>,
}

impl Row {
    pub(super) fn new(what: String) -> Row {
        Row {
            what,
            lines: 0,
            invoices: 0,
            examples: Vec::new(),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let invoices = match self.invoices {
            0 => String::new(),
            invoices => group(invoices),
        };
        write!(f, "{:>10} {invoices:>10}  {}", group(self.lines), self.what)?;
        match self.examples.as_slice() {
            [] => Ok(()),
            lines => write!(f, " (line {})", examples(lines)),
        }
    }
}

/// What became of the invoices.
struct Fates<'a> {
    orders: HashMap<&'a str, &'a Order>,
    refused: HashMap<&'a str, &'a str>,
}

impl<'a> Fates<'a> {
    fn new(report: &'a Report<'_>) -> Fates<'a> {
        // A refused order may have one of the same invoice after it: the one that is sold decides.
        let mut orders: HashMap<&str, &Order> = HashMap::new();
        for order in &report.placed {
            let known = orders.entry(&order.reference).or_insert(order);
            if order.is_sold() {
                *known = order;
            }
        }
        let refused = report.orders.refused.iter().flat_map(|(why, numbers)| {
            let numbers = numbers.iter();
            numbers.map(move |number| (number.as_str(), why.as_str()))
        });
        Fates {
            orders,
            refused: refused.collect(),
        }
    }

    /// None if it is an order that is sold; else why it is not.
    fn of(&self, invoice: &Invoice) -> Option<String> {
        let number = invoice.number.as_str();
        match (self.orders.get(number), self.refused.get(number)) {
            (Some(order), _) if order.is_sold() => None,
            (Some(order), _) => Some(format!("the order is {}", order.state)),
            (None, Some(why)) => Some(format!("the order was refused, {why}")),
            (None, None) => Some("the shop lists no order of it".to_owned()),
        }
    }
}

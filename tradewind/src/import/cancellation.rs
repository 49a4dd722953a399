//! A line that takes back what a sale before it sold: its invoice number begins with C.

use std::ops::Range;

use chrono::NaiveDateTime;

use super::{
    columns::Row,
    sale::{time, without_zero_fraction},
};

/// A line of a cancellation.
#[derive(Debug)]
pub(crate) struct Cancellation {
    /// Numbers of the file's lines that it takes, the first line being 1.
    pub(crate) numbers: Range<u64>,
    pub(crate) invoice: String,
    pub(crate) sku: String,
    /// Number of the customer; none if the line names none.
    pub(crate) customer: Option<String>,
    /// Units that are taken back, above 0; none if the line does not say.
    pub(crate) units: Option<i64>,
    /// In the local time of the table; none if the line does not say.
    pub(crate) time: Option<NaiveDateTime>,
}

impl Cancellation {
    /// None if the row is not of a cancellation.
    pub(super) fn read(row: &Row<'_>, numbers: Range<u64>) -> Option<Cancellation> {
        if !row.invoice.starts_with('C') {
            return None;
        }
        let customer = without_zero_fraction(row.customer);
        let quantity: Option<i64> = without_zero_fraction(row.quantity).parse().ok();
        Some(Cancellation {
            numbers,
            invoice: row.invoice.to_owned(),
            sku: without_zero_fraction(row.sku).to_owned(),
            customer: (!customer.is_empty()).then(|| customer.to_owned()),
            units: quantity
                .and_then(i64::checked_neg)
                .filter(|units| *units > 0),
            time: time(row.date),
        })
    }
}

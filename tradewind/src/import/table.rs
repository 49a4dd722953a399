//! The Online Retail table (UCI Machine Learning Repository, datasets 352 and 502): one line per
//! product of an invoice. Real input: each line of the file is a sale or of a cancellation, or kept out by
//! one reason.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Range,
};

use anyhow::Result;
use chrono::NaiveDateTime;
use encoding_rs::Encoding;
use money::Currency;
use sha2::{Digest as _, Sha256};

use super::{
    cancellation::Cancellation,
    columns::{self, Columns, Header, Row},
    records::{Fields, Records},
    sale::Sale,
    skip::Skip,
    text::Text,
};

/// How a file is written, as far as it is known beforehand.
#[derive(Clone, Copy)]
pub(crate) struct Format {
    pub(crate) encoding: Option<&'static Encoding>,
    pub(crate) delimiter: Option<char>,
    /// Of all prices.
    pub(crate) currency: Currency,
}

#[cfg(test)]
impl Format {
    pub(crate) fn in_pounds() -> Format {
        Format {
            encoding: None,
            delimiter: None,
            currency: Currency::of("GBP").expect("a currency"),
        }
    }
}

/// The sales of a file, and what was taken back of them.
#[derive(Debug)]
pub(crate) struct Table {
    /// Hex SHA-256 of the file's bytes.
    pub(crate) digest: String,
    /// How the file was read: `UTF-8, delimiter comma`.
    pub(crate) format: String,
    /// Of all prices.
    pub(crate) currency: Currency,
    /// How many lines the file has.
    pub(crate) lines: u64,
    /// How many of them the header takes.
    pub(crate) header: u64,
    /// In the order of their first sale.
    pub(crate) products: Vec<Product>,
    /// In the order of their first line.
    pub(crate) invoices: Vec<Invoice>,
    /// In the order of the file.
    pub(crate) cancellations: Vec<Cancellation>,
    /// Lines that are not imported, by the reason.
    pub(crate) skipped: BTreeMap<Skip, Skipped>,
    /// The first and the last sale, in the local time of the table.
    pub(crate) period: Option<(NaiveDateTime, NaiveDateTime)>,
}

#[derive(Debug)]
pub(crate) struct Product {
    pub(crate) sku: String,
    /// The first description that any sale gives it; its SKU if there is none.
    pub(crate) title: String,
    /// Price of its first sale in the order of the file, in minor units.
    pub(crate) price: i64,
}

#[derive(Debug)]
pub(crate) struct Invoice {
    pub(crate) number: String,
    /// Number of the customer; none for a sale to a guest.
    pub(crate) customer: Option<String>,
    pub(crate) country: String,
    /// Of its first line, in the local time of the table.
    pub(crate) time: NaiveDateTime,
    pub(crate) lines: Vec<Line>,
}

#[derive(Debug)]
pub(crate) struct Line {
    /// Numbers of the file's lines that it takes, the first line being 1.
    pub(crate) numbers: Range<u64>,
    /// Index in `Table::products`.
    pub(crate) product: usize,
    pub(crate) quantity: i64,
    /// Price of this sale in minor units, which may differ from the product's.
    pub(crate) price: i64,
}

/// The lines that one reason kept out.
#[derive(Debug, Default)]
pub(crate) struct Skipped {
    /// Numbers of the lines, the file's first being 1.
    pub(crate) lines: Vec<u64>,
    pub(crate) invoices: BTreeSet<String>,
}

/// What the sales of a file add up to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) orders: u64,
    pub(crate) products: u64,
    pub(crate) customers: u64,
    pub(crate) guest_orders: u64,
    pub(crate) units: u64,
    /// Each line at its own price, in minor units.
    pub(crate) total: i64,
    /// Each line at its product's first price, in minor units: what a shop charges that has one
    /// price for a product.
    pub(crate) total_at_first_price: i64,
}

impl Table {
    /// Reads a table from the bytes of its file. Only a file that is no text, or has not the
    /// table's columns, is an error.
    pub(crate) fn read(bytes: &[u8], format: Format) -> Result<Table> {
        let text = Text::read(bytes, format.encoding)?;
        let header = Header::find(&text.content, format.delimiter)?;
        let delimiter = columns::name(header.delimiter);
        let mut records =
            Records::new(&text.content, header.delimiter, Some(header.columns.fields));
        let mut table = Table {
            digest: digest(bytes),
            format: format!("{}, delimiter {delimiter}", text.encoding),
            currency: format.currency,
            lines: records.lines(),
            header: 0,
            products: Vec::new(),
            invoices: Vec::new(),
            cancellations: Vec::new(),
            skipped: BTreeMap::new(),
            period: None,
        };
        let mut index = Index::default();
        while let Some((numbers, fields)) = records.next() {
            if numbers == header.lines {
                table.header = numbers.end - numbers.start;
                continue;
            }
            let fields = complete(fields, text.lossy);
            let added = match &fields {
                Ok(fields) => header.columns.row(fields).ok_or(Skip::NumberOfFields),
                Err(skip) => Err(*skip),
            }
            .and_then(|row| table.take(&row, header.delimiter, numbers.clone(), &mut index));
            if let Err(skip) = added {
                let invoice = invoice_of(&fields, &header.columns);
                table.skip(skip, numbers, invoice);
            }
        }
        Ok(table)
    }

    fn skip(&mut self, skip: Skip, lines: Range<u64>, invoice: &str) {
        let skipped = self.skipped.entry(skip).or_default();
        skipped.lines.extend(lines);
        if !invoice.is_empty() {
            skipped.invoices.insert(invoice.to_owned());
        }
    }

    fn take(
        &mut self,
        row: &Row<'_>,
        delimiter: char,
        numbers: Range<u64>,
        index: &mut Index,
    ) -> Result<(), Skip> {
        if let Some(cancellation) = Cancellation::read(row, numbers.clone()) {
            self.cancellations.push(cancellation);
            return Ok(());
        }
        let sale = Sale::read(row, delimiter, self.currency)?;
        self.add(&sale, numbers, index)
    }

    fn add(&mut self, sale: &Sale<'_>, numbers: Range<u64>, index: &mut Index) -> Result<(), Skip> {
        let invoice = self.invoice(sale, index)?;
        let line = Line {
            numbers,
            product: self.product(sale, index),
            quantity: sale.quantity,
            price: sale.price,
        };
        self.invoices[invoice].lines.push(line);
        let (first, last) = self.period.unwrap_or((sale.time, sale.time));
        self.period = Some((first.min(sale.time), last.max(sale.time)));
        Ok(())
    }

    fn product(&mut self, sale: &Sale<'_>, index: &mut Index) -> usize {
        let found = *index
            .products
            .entry(sale.sku.to_owned())
            .or_insert_with(|| {
                self.products.push(Product {
                    sku: sale.sku.to_owned(),
                    title: sale.sku.to_owned(),
                    price: sale.price,
                });
                self.products.len() - 1
            });
        let product = &mut self.products[found];
        if product.title == product.sku && !sale.title.is_empty() {
            product.title.clone_from(&sale.title);
        }
        found
    }

    /// The invoice of a sale. It has the customer that any of its lines names, and no second one.
    fn invoice(&mut self, sale: &Sale<'_>, index: &mut Index) -> Result<usize, Skip> {
        let found = *index
            .invoices
            .entry(sale.invoice.to_owned())
            .or_insert_with(|| {
                self.invoices.push(Invoice {
                    number: sale.invoice.to_owned(),
                    customer: None,
                    country: sale.country.to_owned(),
                    time: sale.time,
                    lines: Vec::new(),
                });
                self.invoices.len() - 1
            });
        let known = &mut self.invoices[found].customer;
        match (known.as_deref(), sale.customer) {
            (Some(known), Some(named)) if known != named => return Err(Skip::OtherCustomer),
            (None, Some(named)) => *known = Some(named.to_owned()),
            _ => {}
        }
        Ok(found)
    }

    /// Numbers of the customers, each once, in the order of the file.
    pub(crate) fn customers(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        self.invoices
            .iter()
            .filter_map(|invoice| invoice.customer.as_deref())
            .filter(|customer| seen.insert(*customer))
            .collect()
    }

    pub(crate) fn figures(&self) -> Figures {
        let lines = || self.invoices.iter().flat_map(|invoice| &invoice.lines);
        let total = |price: &dyn Fn(&Line) -> i64| {
            lines()
                .map(|line| line.quantity.saturating_mul(price(line)))
                .fold(0, i64::saturating_add)
        };
        Figures {
            orders: self.invoices.len() as u64,
            products: self.products.len() as u64,
            customers: self.customers().len() as u64,
            guest_orders: self
                .invoices
                .iter()
                .filter(|invoice| invoice.customer.is_none())
                .count() as u64,
            units: lines().map(|line| line.quantity.unsigned_abs()).sum(),
            total: total(&|line| line.price),
            total_at_first_price: total(&|line| self.products[line.product].price),
        }
    }
}

/// Where the products and invoices met so far stand.
#[derive(Default)]
struct Index {
    products: HashMap<String, usize>,
    invoices: HashMap<String, usize>,
}

/// The fields of a record that says something, and all of which could be decoded.
fn complete(fields: Fields<'_>, lossy: bool) -> Fields<'_> {
    let fields = fields?;
    if fields.iter().all(|field| field.trim().is_empty()) {
        return Err(Skip::Empty);
    }
    let lost = |field: &str| field.contains(char::REPLACEMENT_CHARACTER);
    if lossy && fields.iter().any(|field| lost(field)) {
        return Err(Skip::Undecodable);
    }
    Ok(fields)
}

fn invoice_of<'a>(fields: &'a Fields<'_>, columns: &Columns) -> &'a str {
    let row = fields.as_ref().ok().and_then(|fields| columns.row(fields));
    row.map_or("", |row| row.invoice)
}

/// Hex SHA-256.
pub(super) fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;

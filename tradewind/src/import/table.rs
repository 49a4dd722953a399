//! The Online Retail table (UCI Machine Learning Repository, dataset 352): one line per product of
//! an invoice. Real input: what is no sale is counted by its reason and left out.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Context as _, Result};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::money;

/// The most units that an order may have of a product (the contract of CreateOrder).
const MOST_UNITS: i64 = 10_000;
const LONGEST_SKU: usize = 64;
const LONGEST_TITLE: usize = 200;

/// The sales of a file.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// Hex SHA-256 of the file's bytes.
    pub(crate) digest: String,
    /// In the order of their first sale.
    pub(crate) products: Vec<Product>,
    /// In the order of their first line.
    pub(crate) invoices: Vec<Invoice>,
    /// Lines that are no sales, by the reason.
    pub(crate) skipped: BTreeMap<Skip, Skipped>,
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
    pub(crate) lines: Vec<Line>,
}

#[derive(Debug)]
pub(crate) struct Line {
    /// Index in `Table::products`.
    pub(crate) product: usize,
    pub(crate) quantity: i64,
    /// Price of this sale in minor units, which may differ from the product's.
    pub(crate) price: i64,
}

/// Why a line is not imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Skip {
    Cancellation,
    QuantityBelowOne,
    QuantityTooLarge,
    PriceOfZero,
    FractionOfAPenny,
    NoStockCode,
    Unreadable,
}

impl Skip {
    pub(crate) fn why(self) -> &'static str {
        match self {
            Skip::Cancellation => "cancellation",
            Skip::QuantityBelowOne => "quantity below 1",
            Skip::QuantityTooLarge => "quantity above 10,000",
            Skip::PriceOfZero => "price of 0 or below",
            Skip::FractionOfAPenny => "price that is no whole number of pence",
            Skip::NoStockCode => "no stock code, or one that is too long",
            Skip::Unreadable => "not readable",
        }
    }
}

/// The lines that one reason kept out.
#[derive(Debug, Default)]
pub(crate) struct Skipped {
    /// Numbers of the rows, the header being row 1.
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

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "InvoiceNo")]
    invoice: String,
    #[serde(rename = "StockCode")]
    sku: String,
    #[serde(rename = "Description")]
    description: String,
    #[serde(rename = "Quantity")]
    quantity: String,
    #[serde(rename = "UnitPrice")]
    price: String,
    #[serde(rename = "CustomerID")]
    customer: String,
    #[serde(rename = "Country")]
    country: String,
}

impl Table {
    /// Reads a table from the bytes of its file, with or without a byte-order mark. Only a file
    /// without the table's columns is an error.
    pub(crate) fn read(bytes: &[u8]) -> Result<Table> {
        let mut table = Table {
            digest: hex(&Sha256::digest(bytes)),
            ..Table::default()
        };
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = csv::ReaderBuilder::new().from_reader(text);
        let headers = reader
            .headers()
            .context("the file has no header line")?
            .clone();
        for column in [
            "InvoiceNo",
            "StockCode",
            "Description",
            "Quantity",
            "UnitPrice",
            "CustomerID",
            "Country",
        ] {
            headers
                .iter()
                .position(|header| header == column)
                .with_context(|| format!("the file has no column {column}"))?;
        }
        let mut index = Index::default();
        for record in reader.records() {
            let number = match &record {
                Ok(record) => record.position().map_or(0, row),
                Err(error) => error.position().map_or(0, row),
            };
            match record.and_then(|record| record.deserialize::<Record>(Some(&headers))) {
                Ok(record) => {
                    if let Err(skip) = table.add(&record, &mut index) {
                        table.skip(skip, number, &record.invoice);
                    }
                }
                Err(_) => table.skip(Skip::Unreadable, number, ""),
            }
        }
        Ok(table)
    }

    fn skip(&mut self, skip: Skip, line: u64, invoice: &str) {
        let skipped = self.skipped.entry(skip).or_default();
        skipped.lines.push(line);
        skipped.invoices.insert(invoice.to_owned());
    }

    fn add(&mut self, record: &Record, index: &mut Index) -> Result<(), Skip> {
        if record.invoice.starts_with('C') {
            return Err(Skip::Cancellation);
        }
        let quantity: i64 = record
            .quantity
            .trim()
            .parse()
            .map_err(|_| Skip::Unreadable)?;
        if quantity < 1 {
            return Err(Skip::QuantityBelowOne);
        }
        if quantity > MOST_UNITS {
            return Err(Skip::QuantityTooLarge);
        }
        let price = price(record.price.trim())?;
        let sku = record.sku.trim();
        if sku.is_empty() || sku.chars().count() > LONGEST_SKU {
            return Err(Skip::NoStockCode);
        }
        let product = self.product(sku, &record.description, price, index);
        let invoice = self.invoice(record, index);
        self.invoices[invoice].lines.push(Line {
            product,
            quantity,
            price,
        });
        Ok(())
    }

    fn product(&mut self, sku: &str, description: &str, price: i64, index: &mut Index) -> usize {
        let title: String = description.trim().chars().take(LONGEST_TITLE).collect();
        let found = *index.products.entry(sku.to_owned()).or_insert_with(|| {
            self.products.push(Product {
                sku: sku.to_owned(),
                title: sku.to_owned(),
                price,
            });
            self.products.len() - 1
        });
        let product = &mut self.products[found];
        if product.title == product.sku && !title.is_empty() {
            product.title = title;
        }
        found
    }

    fn invoice(&mut self, record: &Record, index: &mut Index) -> usize {
        *index
            .invoices
            .entry(record.invoice.clone())
            .or_insert_with(|| {
                let customer = record.customer.trim();
                self.invoices.push(Invoice {
                    number: record.invoice.clone(),
                    customer: (!customer.is_empty()).then(|| customer.to_owned()),
                    country: record.country.trim().to_owned(),
                    lines: Vec::new(),
                });
                self.invoices.len() - 1
            })
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
            total: lines().map(|line| line.quantity * line.price).sum(),
            total_at_first_price: lines()
                .map(|line| line.quantity * self.products[line.product].price)
                .sum(),
        }
    }
}

/// Where the products and invoices met so far stand.
#[derive(Default)]
struct Index {
    products: HashMap<String, usize>,
    invoices: HashMap<String, usize>,
}

/// Row of a record, the header being row 1.
fn row(position: &csv::Position) -> u64 {
    position.record() + 1
}

fn price(text: &str) -> Result<i64, Skip> {
    match money::parse(text) {
        Ok(price) if price > 0 => Ok(price),
        Ok(_) => Err(Skip::PriceOfZero),
        Err(_) if text.parse::<f64>().is_ok_and(|price| price > 0.0) => Err(Skip::FractionOfAPenny),
        Err(_) => Err(Skip::Unreadable),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "\u{feff}InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\r\n";

    fn read(lines: &str) -> Table {
        Table::read(format!("{HEADER}{lines}").as_bytes()).expect("the header is right")
    }

    #[test]
    fn a_product_has_the_price_of_its_first_sale_and_the_first_description_it_is_given() {
        let table = read(
            "1,A,,1,1/2/2010 8:00,0,7,France\r\n\
             1,A,,2,1/2/2010 8:00,2.5,7,France\r\n\
             2,A,\"LAMP, RED \",3,1/2/2010 8:00,3,,Japan\r\n\
             2,a,OTHER,1,1/2/2010 8:00,1,,Japan\r\n",
        );
        assert_eq!(table.products.len(), 2);
        assert_eq!(
            (table.products[0].title.as_str(), table.products[0].price),
            ("LAMP, RED", 250)
        );
        assert_eq!(table.skipped[&Skip::PriceOfZero].lines, [2]);
        assert_eq!(
            table.figures(),
            Figures {
                orders: 2,
                products: 2,
                customers: 1,
                guest_orders: 1,
                units: 6,
                total: 1_500,
                total_at_first_price: 1_350
            }
        );
    }

    #[test]
    fn every_line_that_is_no_sale_is_counted_by_its_reason() {
        let table = read(
            "C1,A,X,-1,1/2/2010 8:00,1,7,France\r\n\
             2,A,X,-1,1/2/2010 8:00,1,7,France\r\n\
             2,A,X,10001,1/2/2010 8:00,1,7,France\r\n\
             2,A,X,1,1/2/2010 8:00,0.001,7,France\r\n\
             2,,X,1,1/2/2010 8:00,1,7,France\r\n\
             2,A,X,many,1/2/2010 8:00,1,7,France\r\n\
             2,A\r\n",
        );
        let skipped: Vec<_> = table
            .skipped
            .iter()
            .map(|(skip, skipped)| (*skip, skipped.lines.as_slice()))
            .collect();
        assert_eq!(
            skipped,
            [
                (Skip::Cancellation, &[2][..]),
                (Skip::QuantityBelowOne, &[3]),
                (Skip::QuantityTooLarge, &[4]),
                (Skip::FractionOfAPenny, &[5]),
                (Skip::NoStockCode, &[6]),
                (Skip::Unreadable, &[7, 8]),
            ]
        );
        assert!(table.invoices.is_empty());
    }

    #[test]
    fn the_small_table_adds_up_as_it_was_counted_by_hand() {
        let table = Table::read(include_bytes!("../../tests/data/small-retail.csv"))
            .expect("it is a table");
        assert_eq!(
            table.figures(),
            Figures {
                orders: 20,
                products: 34,
                customers: 10,
                guest_orders: 3,
                units: 2_501,
                total: 255_979,
                total_at_first_price: 255_744,
            }
        );
    }

    #[test]
    fn a_file_without_the_columns_is_refused() {
        let error = Table::read(b"a,b\n1,2\n").expect_err("these are other columns");
        assert_eq!(error.to_string(), "the file has no column InvoiceNo");
    }
}

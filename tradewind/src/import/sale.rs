//! From a row to a sale, or to the reason why it is none.

use std::num::IntErrorKind;

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime};
use money::{Currency, Money};

use super::columns::Row;
use super::skip::{LONGEST_INVOICE, LONGEST_SKU, MOST_UNITS, Skip};

/// By the contract of CreateProduct, in characters.
const LONGEST_TITLE: usize = 200;

/// The years that a sale can be of: others are slips, such as 10 for 2010.
const YEARS: std::ops::Range<i32> = 1900..2200;

/// A row that is to be an order's line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sale<'a> {
    pub(super) invoice: &'a str,
    pub(super) sku: &'a str,
    /// Empty if there is no description.
    pub(super) title: String,
    pub(super) quantity: i64,
    /// In the local time of the table.
    pub(super) time: NaiveDateTime,
    /// In minor units.
    pub(super) price: i64,
    /// None for a guest.
    pub(super) customer: Option<&'a str>,
    pub(super) country: &'a str,
}

impl<'a> Sale<'a> {
    /// Where a comma parts the fields, it cannot part pounds from pence.
    pub(super) fn read(
        row: &Row<'a>,
        delimiter: char,
        currency: Currency,
    ) -> Result<Sale<'a>, Skip> {
        let quantity = quantity(row.quantity)?;
        let price = match decimal_comma(row.price).filter(|_| delimiter != ',') {
            Some(text) => price(currency, &text)?,
            None => price(currency, row.price)?,
        };
        let (invoice, sku, customer) = (
            without_zero_fraction(row.invoice),
            without_zero_fraction(row.sku),
            without_zero_fraction(row.customer),
        );
        if invoice.is_empty() || invoice.chars().count() > LONGEST_INVOICE {
            return Err(Skip::NoInvoice);
        }
        if sku.is_empty() || sku.chars().count() > LONGEST_SKU {
            return Err(Skip::NoStockCode);
        }
        Ok(Sale {
            invoice,
            sku,
            title: title(row.description),
            quantity,
            time: time(row.date).ok_or(Skip::NoDate)?,
            price,
            customer: (!customer.is_empty()).then_some(customer),
            country: row.country,
        })
    }
}

/// Spreadsheets and data frames turn a column of numbers with gaps into floats: `17850.0` is
/// 17850. Three zeros might be thousands, and stay.
pub(super) fn without_zero_fraction(text: &str) -> &str {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('.') {
        Some((whole, "0" | "00")) if is_number(whole.strip_prefix('-').unwrap_or(whole)) => whole,
        _ => text,
    }
}

fn quantity(text: &str) -> Result<i64, Skip> {
    match without_zero_fraction(text).parse::<i64>() {
        Ok(quantity) if quantity < 1 => Err(Skip::QuantityBelowOne),
        Ok(quantity) if quantity > MOST_UNITS => Err(Skip::QuantityTooLarge),
        Ok(quantity) => Ok(quantity),
        Err(error) => Err(match error.kind() {
            IntErrorKind::PosOverflow => Skip::QuantityTooLarge,
            IntErrorKind::NegOverflow => Skip::QuantityBelowOne,
            _ => Skip::NoQuantity,
        }),
    }
}

fn price(currency: Currency, text: &str) -> Result<i64, Skip> {
    use money::Error::{TooLarge, TooPrecise};
    match Money::parse(currency, text) {
        Ok(price) if price.minor > 0 => Ok(price.minor),
        Ok(_) => Err(Skip::PriceOfZero),
        Err(TooPrecise(_) | TooLarge) if text.starts_with('-') => Err(Skip::PriceOfZero),
        Err(TooPrecise(_)) => Err(Skip::TooPrecise),
        Err(_) => Err(Skip::NoPrice),
    }
}

/// `2,5` as `2.5`. With three digits after it, the comma might part thousands: none.
fn decimal_comma(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once(',')?;
    matches!(fraction.len(), 1 | 2).then(|| format!("{whole}.{fraction}"))
}

/// `12/1/2010 8:26` (the table's), or ISO 8601 with or without a time.
pub(super) fn time(text: &str) -> Option<NaiveDateTime> {
    const TIMES: [&str; 6] = [
        "%m/%d/%Y %H:%M",
        "%m/%d/%Y %H:%M:%S",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%dT%H:%M:%S%.f",
    ];
    const DATES: [&str; 2] = ["%m/%d/%Y", "%Y-%m-%d"];
    TIMES
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .or_else(|| Some(DateTime::parse_from_rfc3339(text).ok()?.naive_local()))
        .or_else(|| {
            let date = DATES
                .iter()
                .find_map(|format| NaiveDate::parse_from_str(text, format).ok());
            date?.and_hms_opt(0, 0, 0)
        })
        .filter(|time| YEARS.contains(&time.year()))
}

/// A description as a title: one line, and not too long.
fn title(description: &str) -> String {
    description
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST_TITLE)
        .collect::<String>()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: Row<'static> = Row {
        invoice: "1",
        sku: "A",
        description: "LAMP",
        quantity: "1",
        date: "12/1/2010 8:26",
        price: "2.55",
        customer: "17850",
        country: "France",
    };

    fn read<'a>(row: &Row<'a>, delimiter: char) -> Result<Sale<'a>, Skip> {
        Sale::read(row, delimiter, Currency::of("GBP").expect("a currency"))
    }

    #[test]
    fn a_number_that_was_a_float_is_the_same_number() {
        let floats = Row {
            invoice: "536365.0",
            sku: "22423.0",
            quantity: "6.0",
            customer: "17850.0",
            ..ROW
        };
        let sale = read(&floats, ',').expect("it is a sale");
        assert_eq!(
            (sale.invoice, sale.sku, sale.quantity, sale.customer),
            ("536365", "22423", 6, Some("17850"))
        );
        for other in ["17850.5", "17850.000", "A.0", ".0", "-.0", "1.0.0"] {
            assert_eq!(without_zero_fraction(other), other);
        }
    }

    #[test]
    fn dates_are_those_of_the_table_or_of_iso_8601_and_exist() {
        for date in [
            "12/1/2010 8:26",
            "12/01/2010 08:26",
            "12/1/2010 8:26:00",
            "2010-12-01 08:26",
            "2010-12-01 08:26:00",
            "2010-12-01T08:26:00",
            "2010-12-01T08:26:00.000Z",
            "2010-12-01T08:26:00+00:00",
        ] {
            let time = time(date).map(|time| time.to_string());
            assert_eq!(time.as_deref(), Some("2010-12-01 08:26:00"), "{date}");
        }
        assert!(time("12/1/2010").is_some() && time("2010-12-01").is_some());
        for date in [
            "",
            "yesterday",
            "2/30/2011 8:26",
            "13/12/2010 8:26",
            "12/1/10 8:26",
            "12/1/2010 25:00",
            "2010-02-30 08:26:00",
            "40513.35",
        ] {
            let row = Row { date, ..ROW };
            assert_eq!(read(&row, ',').expect_err(date), Skip::NoDate, "{date}");
        }
    }

    #[test]
    fn a_price_has_a_point_and_where_commas_part_no_fields_perhaps_a_comma() {
        let read = |price, delimiter| {
            let row = Row { price, ..ROW };
            read(&row, delimiter).map(|sale| sale.price)
        };
        assert_eq!(read("2,55", ';'), Ok(255));
        assert_eq!(read("2,5", '\t'), Ok(250));
        assert_eq!(read("2.55", ';'), Ok(255));
        assert_eq!(read("2,55", ','), Err(Skip::NoPrice));
        for (price, reason) in [
            ("1,250", Skip::NoPrice),
            ("1.250,00", Skip::NoPrice),
            ("", Skip::NoPrice),
            ("1e3", Skip::NoPrice),
            ("inf", Skip::NoPrice),
            ("£2", Skip::NoPrice),
            ("99999999999999999999", Skip::NoPrice),
            ("0.001", Skip::TooPrecise),
            ("-0.001", Skip::PriceOfZero),
            ("0,00", Skip::PriceOfZero),
        ] {
            assert_eq!(read(price, ';'), Err(reason), "{price}");
        }
    }

    #[test]
    fn a_price_has_the_digits_of_its_currency() {
        let read = |code, price| {
            let currency = Currency::of(code).expect("a currency");
            Sale::read(&Row { price, ..ROW }, ',', currency).map(|sale| sale.price)
        };
        assert_eq!(read("JPY", "1500"), Ok(1_500));
        assert_eq!(read("JPY", "1500.00"), Ok(1_500));
        assert_eq!(read("JPY", "2.5"), Err(Skip::TooPrecise));
        assert_eq!(read("KWD", "2.005"), Ok(2_005));
    }

    #[test]
    fn each_reason_is_the_true_one() {
        let long = "x".repeat(101);
        let rows = [
            (
                Row {
                    quantity: "0",
                    ..ROW
                },
                Skip::QuantityBelowOne,
            ),
            (
                Row {
                    quantity: "-99999999999999999999",
                    ..ROW
                },
                Skip::QuantityBelowOne,
            ),
            (
                Row {
                    quantity: "10001",
                    ..ROW
                },
                Skip::QuantityTooLarge,
            ),
            (
                Row {
                    quantity: "99999999999999999999",
                    ..ROW
                },
                Skip::QuantityTooLarge,
            ),
            (
                Row {
                    quantity: "many",
                    ..ROW
                },
                Skip::NoQuantity,
            ),
            (
                Row {
                    quantity: "1.5",
                    ..ROW
                },
                Skip::NoQuantity,
            ),
            (
                Row {
                    quantity: "",
                    ..ROW
                },
                Skip::NoQuantity,
            ),
            (Row { invoice: "", ..ROW }, Skip::NoInvoice),
            (
                Row {
                    invoice: &long,
                    ..ROW
                },
                Skip::NoInvoice,
            ),
            (Row { sku: "", ..ROW }, Skip::NoStockCode),
            (Row { sku: &long, ..ROW }, Skip::NoStockCode),
        ];
        for (row, reason) in rows {
            assert_eq!(read(&row, ','), Err(reason));
        }
    }

    #[test]
    fn a_description_of_two_lines_is_a_title_of_one() {
        let row = Row {
            description: "LAMP\r\nRED\t",
            ..ROW
        };
        assert_eq!(read(&row, ',').expect("it is a sale").title, "LAMP  RED");
    }
}

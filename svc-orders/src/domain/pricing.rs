//! What the lines of an order cost: the catalogue's prices at the moment of ordering.

use std::collections::HashMap;

use money::{Currency, Money};
use thiserror::Error;

use super::{Item, Line};

/// What the catalogue says about a SKU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Product {
    /// Stock keeping unit.
    pub(crate) sku: String,
    /// Name shown to buyers.
    pub(crate) title: String,
    /// Price of one unit.
    pub(crate) price: Money,
    /// Whether it is sold.
    pub(crate) is_active: bool,
}

/// Lines with their prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Priced {
    /// The lines, in the order asked for.
    pub(crate) items: Vec<Item>,
    /// Their sum.
    pub(crate) total: Money,
}

/// Why lines cannot be priced. Lines are those of the request that are at fault.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum PricingError {
    /// The catalogue does not know these SKUs.
    #[error("unknown product: {}", skus(.0))]
    UnknownProduct(Vec<Line>),
    /// These are no longer sold.
    #[error("no longer sold: {}", skus(.0))]
    ProductArchived(Vec<Line>),
    /// One order has one currency.
    #[error("`{}` is priced in {found}, other lines in {expected}", .line.sku)]
    CurrencyMismatch {
        /// The first line in another currency.
        line: Line,
        /// The currency of the first line.
        expected: Currency,
        /// The line's own.
        found: Currency,
    },
    /// There is nothing to pay for.
    #[error("an order has at least one line")]
    NoLines,
    /// The sum does not fit into 64 bits of minor units.
    #[error("the order's total is too large")]
    TotalTooLarge,
}

/// The first few, so that the message fits a header.
fn skus(lines: &[Line]) -> String {
    const MOST: usize = 5;
    let named: Vec<&str> = lines
        .iter()
        .take(MOST)
        .map(|line| line.sku.as_str())
        .collect();
    let others = match lines.len().saturating_sub(MOST) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{others}", named.join(", "))
}

/// Prices `lines` by `products`.
pub(crate) fn price(lines: &[Line], products: Vec<Product>) -> Result<Priced, PricingError> {
    let mut by_sku: HashMap<String, Product> = products
        .into_iter()
        .map(|product| (product.sku.clone(), product))
        .collect();

    let unknown: Vec<Line> = lines
        .iter()
        .filter(|line| !by_sku.contains_key(&line.sku))
        .cloned()
        .collect();
    if !unknown.is_empty() {
        return Err(PricingError::UnknownProduct(unknown));
    }
    let archived: Vec<Line> = lines
        .iter()
        .filter(|line| !by_sku[&line.sku].is_active)
        .cloned()
        .collect();
    if !archived.is_empty() {
        return Err(PricingError::ProductArchived(archived));
    }

    let first = lines.first().ok_or(PricingError::NoLines)?;
    let currency = by_sku[&first.sku].price.currency;
    let mut items = Vec::with_capacity(lines.len());
    let mut total = 0_i64;
    for line in lines {
        let product = by_sku
            .remove(&line.sku)
            .expect("lines are merged, and all were found");
        if product.price.currency != currency {
            return Err(PricingError::CurrencyMismatch {
                line: line.clone(),
                expected: currency,
                found: product.price.currency,
            });
        }
        let item = Item {
            sku: product.sku,
            title: product.title,
            quantity: line.quantity,
            unit_price: product.price.minor,
        };
        total = item
            .total()
            .and_then(|line_total| total.checked_add(line_total))
            .ok_or(PricingError::TotalTooLarge)?;
        items.push(item);
    }
    Ok(Priced {
        items,
        total: Money {
            currency,
            minor: total,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::merge;

    fn money(code: &str, minor: i64) -> Money {
        let currency = Currency::of(code).expect("a code of the table");
        Money { currency, minor }
    }

    fn product(sku: &str, currency: &str, minor: i64) -> Product {
        Product {
            sku: sku.to_owned(),
            title: format!("The {sku}"),
            price: money(currency, minor),
            is_active: true,
        }
    }

    fn lines(asked: &[(&str, i32)]) -> Vec<Line> {
        merge(
            asked
                .iter()
                .map(|(sku, quantity)| ((*sku).to_owned(), *quantity)),
        )
    }

    #[test]
    fn the_total_is_the_sum_of_quantities_times_prices() {
        let products = vec![product("B", "GBP", 1), product("A", "GBP", 255)];
        let priced = price(&lines(&[("A", 6), ("B", 10_000), ("A", 1)]), products).unwrap();
        assert_eq!(priced.total, money("GBP", 7 * 255 + 10_000));
        assert_eq!(priced.items[0].title, "The A");
        assert_eq!(priced.items[0].total(), Some(1785));
        assert_eq!(priced.items[1].quantity, 10_000);
    }

    #[test]
    fn unknown_products_are_all_named_with_their_lines() {
        let asked = lines(&[("A", 1), ("X", 1), ("Y", 1)]);
        let Err(PricingError::UnknownProduct(unknown)) =
            price(&asked, vec![product("A", "GBP", 1)])
        else {
            panic!("X and Y are unknown");
        };
        assert_eq!(unknown, asked[1..]);
    }

    #[test]
    fn an_archived_product_is_not_sold() {
        let archived = Product {
            is_active: false,
            ..product("A", "GBP", 1)
        };
        let refused = price(&lines(&[("A", 1)]), vec![archived]);
        assert!(
            matches!(refused, Err(PricingError::ProductArchived(_))),
            "{refused:?}"
        );
    }

    #[test]
    fn an_order_has_one_currency() {
        let products = vec![product("A", "GBP", 1), product("B", "EUR", 1)];
        let refused = price(&lines(&[("A", 1), ("B", 1)]), products).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "`B` is priced in EUR, other lines in GBP"
        );
    }

    #[test]
    fn a_total_that_does_not_fit_is_refused() {
        let refused = price(
            &lines(&[("A", 10_000)]),
            vec![product("A", "GBP", i64::MAX / 9_999)],
        );
        assert_eq!(refused, Err(PricingError::TotalTooLarge));
    }
}

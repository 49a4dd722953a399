//! A price: exact, in the minor unit of its currency.

use super::Mistake;
use super::currency::Currency;

/// The price of one unit, above zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Price {
    currency: Currency,
    minor: i64,
}

/// The highest price, in minor units: the largest order (1,000 lines of 10,000) still has a total
/// that an `i64` holds.
pub(crate) const MAX_MINOR: i64 = 100_000_000_000;

const CURRENCY_CODE: &str = "product.price.currencyCode";
const UNITS: &str = "product.price.units";
const NANOS: &str = "product.price.nanos";
const NANOS_PER_UNIT: i64 = 1_000_000_000;

impl Price {
    /// The price of whole units and billionths of a unit (`google.type.Money`).
    ///
    /// # Errors
    /// An unknown currency, more minor digits than the currency has, or an amount that is not
    /// above zero or too high.
    pub(crate) fn from_money(code: &str, units: i64, nanos: i32) -> Result<Self, Mistake> {
        let Some(currency) = Currency::of(code).filter(|currency| currency.is_in_use()) else {
            return Err(Mistake::new(
                CURRENCY_CODE,
                "must be a currency of ISO 4217, as in GBP",
            ));
        };
        let nanos = i64::from(nanos);
        if units < 0 || nanos < 0 || (units == 0 && nanos == 0) {
            return Err(Mistake::new(UNITS, "the price must be above zero"));
        }
        if nanos >= NANOS_PER_UNIT {
            return Err(Mistake::new(NANOS, "must be below one unit, 1,000,000,000"));
        }
        let minor_per_unit = 10_i64.pow(currency.minor_digits);
        let nanos_per_minor = NANOS_PER_UNIT / minor_per_unit;
        if nanos % nanos_per_minor != 0 {
            let digits = currency.minor_digits;
            return Err(Mistake::new(
                NANOS,
                format!("{currency} has {digits} digits after the decimal point, the price more"),
            ));
        }
        units
            .checked_mul(minor_per_unit)
            .and_then(|minor| minor.checked_add(nanos / nanos_per_minor))
            .and_then(|minor| Self::from_minor(currency, minor))
            .ok_or_else(|| Mistake::new(UNITS, "the price is too high"))
    }

    /// The price of so many minor units; `None` if there is none such.
    pub(crate) fn from_minor(currency: Currency, minor: i64) -> Option<Self> {
        (1..=MAX_MINOR)
            .contains(&minor)
            .then_some(Self { currency, minor })
    }

    pub(crate) fn currency(self) -> Currency {
        self.currency
    }

    /// The amount in minor units, as in pence.
    pub(crate) fn minor(self) -> i64 {
        self.minor
    }

    /// Whole units, and billionths of a unit (`google.type.Money`).
    pub(crate) fn units_and_nanos(self) -> (i64, i32) {
        let minor_per_unit = 10_i64.pow(self.currency.minor_digits);
        let nanos = self.minor % minor_per_unit * (NANOS_PER_UNIT / minor_per_unit);
        let nanos = i32::try_from(nanos).expect("the remainder of a unit is below 10^9 nanos");
        (self.minor / minor_per_unit, nanos)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn field_of_mistake(code: &str, units: i64, nanos: i32) -> &'static str {
        Price::from_money(code, units, nanos)
            .expect_err("it is no price")
            .field
    }

    #[test]
    fn a_price_is_exact_in_the_minor_digits_of_its_currency() {
        let minor = |code, units, nanos| Price::from_money(code, units, nanos).map(Price::minor);
        assert_eq!(minor("GBP", 2, 550_000_000), Ok(255));
        assert_eq!(minor("JPY", 1200, 0), Ok(1200));
        assert_eq!(minor("KWD", 0, 1_000_000), Ok(1));
        assert_eq!(minor("CLF", 1, 100_000), Ok(10_001));
        assert_eq!(minor("XCG", 1, 10_000_000), Ok(101));
    }

    #[test]
    fn more_digits_than_the_currency_has_are_refused() {
        assert_eq!(field_of_mistake("GBP", 2, 555_000_000), NANOS);
        assert_eq!(field_of_mistake("JPY", 2, 500_000_000), NANOS);
        assert_eq!(field_of_mistake("KWD", 2, 100_000), NANOS);
    }

    #[test]
    fn a_price_is_above_zero_and_has_a_limit() {
        assert_eq!(field_of_mistake("GBP", 0, 0), UNITS);
        assert_eq!(field_of_mistake("GBP", -1, 0), UNITS);
        assert_eq!(field_of_mistake("GBP", 1, -10_000_000), UNITS);
        assert_eq!(field_of_mistake("GBP", 1, 1_000_000_000), NANOS);
        assert_eq!(field_of_mistake("GBP", 1_000_000_000, 10_000_000), UNITS);
        assert_eq!(field_of_mistake("GBP", i64::MAX, 0), UNITS);
        assert!(Price::from_money("GBP", 1_000_000_000, 0).is_ok());
        assert_eq!(field_of_mistake("gbp", 1, 0), CURRENCY_CODE);
        assert_eq!(field_of_mistake("HRK", 1, 0), CURRENCY_CODE);
    }

    proptest! {
        #[test]
        fn money_and_minor_units_are_the_same_amount(
            code in prop::sample::select(vec!["JPY", "GBP", "KWD", "CLF"]),
            minor in 1..=MAX_MINOR,
        ) {
            let currency = Currency::of(code).expect("a code of the table");
            let price = Price::from_minor(currency, minor).expect("within the bounds");
            let (units, nanos) = price.units_and_nanos();
            prop_assert_eq!(Price::from_money(code, units, nanos), Ok(price));
        }
    }
}

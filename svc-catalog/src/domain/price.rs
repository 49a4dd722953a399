//! A price: an amount of money that something is sold for.

use money::{Currency, Money};

use super::Mistake;

/// The price of one unit, above zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Price(Money);

/// The highest price, in minor units: the largest order (1,000 lines of 10,000) still has a total
/// that an `i64` holds.
pub(crate) const MAX_MINOR: i64 = 100_000_000_000;

const CURRENCY_CODE: &str = "product.price.currencyCode";
const UNITS: &str = "product.price.units";
const NANOS: &str = "product.price.nanos";

impl Price {
    /// The price of whole units and billionths of a unit (`google.type.Money`).
    ///
    /// # Errors
    /// An unknown currency, more minor digits than the currency has, or an amount that is not
    /// above zero or too high.
    pub(crate) fn from_money(code: &str, units: i64, nanos: i32) -> Result<Self, Mistake> {
        let Some(currency) = Currency::of(code).ok().filter(|it| it.is_in_use()) else {
            return Err(Mistake::new(
                CURRENCY_CODE,
                "must be a currency of ISO 4217, as in GBP",
            ));
        };
        if units < 0 || nanos < 0 || (units == 0 && nanos == 0) {
            return Err(Mistake::new(UNITS, "the price must be above zero"));
        }
        let too_high = || Mistake::new(UNITS, "the price is too high");
        let money = Money::from_units(currency, units, nanos).map_err(|error| match error {
            money::Error::TooPrecise(_) | money::Error::InvalidNanos => {
                Mistake::new(NANOS, error.to_string())
            }
            _ => too_high(),
        })?;
        Self::of(money).ok_or_else(too_high)
    }

    /// The price of so much; `None` if there is none such.
    pub(crate) fn of(money: Money) -> Option<Self> {
        let is_price = (1..=MAX_MINOR).contains(&money.minor);
        is_price.then_some(Self(money))
    }

    pub(crate) fn money(self) -> Money {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field_of_mistake(code: &str, units: i64, nanos: i32) -> &'static str {
        Price::from_money(code, units, nanos)
            .expect_err("it is no price")
            .field
    }

    #[test]
    fn a_price_is_exact_in_the_minor_digits_of_its_currency() {
        let minor = |code, units, nanos| {
            Price::from_money(code, units, nanos).map(|price| price.money().minor)
        };
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
}

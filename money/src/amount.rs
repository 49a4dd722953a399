//! An amount of one currency.

use std::fmt;

use crate::{Currency, Error};

const NANOS_PER_UNIT: i64 = 1_000_000_000;

/// An amount of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    /// What it is counted in.
    pub currency: Currency,
    /// Amount in the currency's minor units: 1.50 GBP is 150, 150 JPY is 150.
    pub minor: i64,
}

impl Money {
    /// The amount of whole units and billionths of a unit (`google.type.Money`).
    ///
    /// # Errors
    /// [`Error::InvalidNanos`], [`Error::TooPrecise`], [`Error::TooLarge`].
    pub fn from_units(currency: Currency, units: i64, nanos: i32) -> Result<Self, Error> {
        let nanos = i64::from(nanos);
        if nanos.abs() >= NANOS_PER_UNIT || nanos.signum() * units.signum() < 0 {
            return Err(Error::InvalidNanos);
        }
        let nanos_per_minor = NANOS_PER_UNIT / currency.minor_per_unit();
        if nanos % nanos_per_minor != 0 {
            return Err(Error::TooPrecise(currency));
        }
        let minor = units
            .checked_mul(currency.minor_per_unit())
            .and_then(|minor| minor.checked_add(nanos / nanos_per_minor))
            .ok_or(Error::TooLarge)?;
        Ok(Self { currency, minor })
    }

    /// Whole units, and the rest in billionths of a unit (`google.type.Money`).
    #[must_use]
    pub fn units(self) -> (i64, i32) {
        let minor_per_unit = self.currency.minor_per_unit();
        let nanos = self.minor % minor_per_unit * (NANOS_PER_UNIT / minor_per_unit);
        (
            self.minor / minor_per_unit,
            i32::try_from(nanos).expect("the remainder of a unit is below 10^9 nanos"),
        )
    }

    /// Reads a decimal such as `2.1` or `-11062.06`. Zeros behind the last digit do no harm.
    ///
    /// # Errors
    /// [`Error::NotADecimal`], [`Error::TooPrecise`], [`Error::TooLarge`].
    pub fn parse(currency: Currency, text: &str) -> Result<Self, Error> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let is_empty = whole.is_empty() && fraction.is_empty();
        if is_empty || !is_number(whole) || !is_number(fraction) {
            return Err(Error::NotADecimal(text.to_owned()));
        }
        let fraction = fraction.trim_end_matches('0');
        let most = usize::from(currency.minor_digits());
        if fraction.len() > most {
            return Err(Error::TooPrecise(currency));
        }
        // The first zero is for what has no digits left: `.0` of yen.
        let minor = format!("{sign}0{whole}{fraction:0<most$}").parse();
        let minor = minor.map_err(|_| Error::TooLarge)?;
        Ok(Self { currency, minor })
    }

    /// The amount as a decimal with all digits of its currency: `2.10`, `-0.05`, `1200`.
    #[must_use]
    pub fn decimal(self) -> String {
        let per_unit = self.currency.minor_per_unit().unsigned_abs();
        let sign = if self.minor < 0 { "-" } else { "" };
        let minor = self.minor.unsigned_abs();
        match usize::from(self.currency.minor_digits()) {
            0 => format!("{sign}{minor}"),
            digits => format!("{sign}{}.{:0digits$}", minor / per_unit, minor % per_unit),
        }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal(), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::of(code).expect("a code of the table")
    }

    fn of_units(code: &str, units: i64, nanos: i32) -> Result<i64, Error> {
        Money::from_units(currency(code), units, nanos).map(|money| money.minor)
    }

    fn parsed(code: &str, text: &str) -> Result<i64, Error> {
        Money::parse(currency(code), text).map(|money| money.minor)
    }

    #[test]
    fn units_and_nanos_come_back_as_they_went_in() {
        for (code, units, nanos, minor) in [
            ("GBP", 1, 500_000_000, 150),
            ("GBP", 0, 10_000_000, 1),
            ("GBP", -1, -250_000_000, -125),
            ("JPY", 150, 0, 150),
            ("KWD", 2, 5_000_000, 2005),
            ("CLF", 0, 100_000, 1),
            ("XCG", 1, 10_000_000, 101),
        ] {
            let money = Money::from_units(currency(code), units, nanos).unwrap();
            assert_eq!(money.minor, minor, "{code} {units} {nanos}");
            assert_eq!(money.units(), (units, nanos), "{code} {units} {nanos}");
        }
    }

    #[test]
    fn a_fraction_of_the_smallest_coin_is_no_amount() {
        for (code, nanos) in [("GBP", 5_000_000), ("JPY", 10_000_000)] {
            let refused = Error::TooPrecise(currency(code));
            assert_eq!(of_units(code, 1, nanos), Err(refused));
        }
        assert_eq!(of_units("GBP", i64::MAX / 10, 0), Err(Error::TooLarge));
        assert_eq!(of_units("GBP", 1, -10_000_000), Err(Error::InvalidNanos));
        assert_eq!(of_units("GBP", 1, i32::MAX), Err(Error::InvalidNanos));
    }

    #[test]
    fn decimals_become_minor_units_exactly() {
        for (text, minor) in [
            ("2.55", 255),
            ("2.1", 210),
            ("7", 700),
            ("0.850", 85),
            (".5", 50),
            ("-11062.06", -1_106_206),
        ] {
            assert_eq!(parsed("GBP", text), Ok(minor), "{text}");
        }
        assert_eq!(parsed("JPY", "1200"), Ok(1200));
        assert_eq!(parsed("JPY", "12.00"), Ok(12));
        assert_eq!(parsed("JPY", ".0"), Ok(0));
        assert_eq!(parsed("KWD", "2.005"), Ok(2005));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", ".", "-", "+1", "1,5", "1e3", "--1", "£2"] {
            let refused = Error::NotADecimal(text.to_owned());
            assert_eq!(parsed("GBP", text), Err(refused), "{text}");
        }
        let too_precise = |code| Err(Error::TooPrecise(currency(code)));
        assert_eq!(parsed("GBP", "0.001"), too_precise("GBP"));
        assert_eq!(parsed("JPY", "0.5"), too_precise("JPY"));
        assert_eq!(parsed("GBP", "99999999999999999999"), Err(Error::TooLarge));
    }

    proptest! {
        #[test]
        fn money_and_minor_units_are_the_same_amount(
            code in prop::sample::select(vec!["JPY", "GBP", "KWD", "CLF"]),
            minor: i64,
        ) {
            let money = Money { currency: currency(code), minor };
            let (units, nanos) = money.units();
            prop_assert_eq!(Money::from_units(money.currency, units, nanos), Ok(money));
        }

        #[test]
        fn an_amount_is_read_back_from_its_decimal(
            code in prop::sample::select(vec!["JPY", "GBP", "KWD", "CLF"]),
            minor in i64::MIN + 1..,
        ) {
            let money = Money { currency: currency(code), minor };
            prop_assert_eq!(Money::parse(money.currency, &money.decimal()), Ok(money));
        }
    }
}

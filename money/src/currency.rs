//! Currencies and their minor digits (ISO 4217).

use std::fmt;

use crate::Error;

/// A currency that money can be counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency {
    /// Three ASCII capitals.
    code: [u8; 3],
    minor_digits: u16,
}

impl Currency {
    /// The currency with this three-letter code, in capitals; also one that is no longer in use.
    ///
    /// # Errors
    /// [`Error::UnknownCurrency`].
    pub fn of(code: &str) -> Result<Self, Error> {
        let known = iso_currency::Currency::from_code(code);
        // Metals, units of account and codes for tests are no money that one pays with.
        let known = known.filter(|known| !known.is_special());
        let digits = known.and_then(iso_currency::Currency::exponent);
        let currency = digits.and_then(|digits| Self::new(code, digits));
        currency.ok_or_else(|| Error::UnknownCurrency(code.to_owned()))
    }

    /// The currency of an amount that was written down long ago, so that it can be read whatever
    /// has become of the code since: any three capitals, with two digits where ISO 4217 has none.
    ///
    /// # Errors
    /// [`Error::UnknownCurrency`] for what never was a code.
    pub fn recorded(code: &str) -> Result<Self, Error> {
        let known = iso_currency::Currency::from_code(code);
        let digits = known.and_then(iso_currency::Currency::exponent);
        Self::new(code, digits.unwrap_or(2)).ok_or_else(|| Error::UnknownCurrency(code.to_owned()))
    }

    fn new(code: &str, minor_digits: u16) -> Option<Self> {
        let code: [u8; 3] = code.as_bytes().try_into().ok()?;
        let are_capitals = code.iter().all(u8::is_ascii_uppercase);
        are_capitals.then_some(Self { code, minor_digits })
    }

    /// The three-letter code.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).expect("three ASCII capitals")
    }

    /// Digits after the decimal point: 2 for EUR, 0 for JPY, 3 for KWD.
    #[must_use]
    pub fn minor_digits(self) -> u16 {
        self.minor_digits
    }

    /// Minor units in one unit: 100 for EUR, 1 for JPY, 1,000 for KWD.
    #[must_use]
    pub fn minor_per_unit(self) -> i64 {
        10_i64.pow(self.minor_digits.into())
    }

    /// Whether new prices may be in it.
    #[must_use]
    pub fn is_in_use(self) -> bool {
        // The bolívar has two codes in use, of which the crate takes the older one for replaced.
        self.code() == "VES"
            || iso_currency::Currency::from_code(self.code())
                .is_some_and(|known| known.is_superseded().is_none())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::Currency;

    #[test]
    fn minor_digits_are_the_currencys_own() {
        let digits = |code| Currency::of(code).map(Currency::minor_digits);
        assert_eq!(digits("JPY"), Ok(0));
        assert_eq!(digits("GBP"), Ok(2));
        assert_eq!(digits("ZWG"), Ok(2));
        assert_eq!(digits("KWD"), Ok(3));
        assert_eq!(digits("CLF"), Ok(4));
        assert_eq!(digits("XCG"), Ok(2));
    }

    #[test]
    fn what_is_no_code_is_no_currency() {
        for code in [
            "", "gbp", "XXX", "XAU", "XTS", "GB", "GBP ", "GBP GEL", "ABC",
        ] {
            assert!(Currency::of(code).is_err(), "{code:?}");
        }
    }

    #[test]
    fn currencies_that_were_replaced_are_known_and_not_in_use() {
        let in_use = |code| Currency::of(code).map(Currency::is_in_use);
        for code in ["HRK", "ZWL"] {
            assert_eq!(in_use(code), Ok(false), "{code}");
        }
        for code in ["EUR", "ZWG", "XCG", "VES", "VED", "UYI", "CLF"] {
            assert_eq!(in_use(code), Ok(true), "{code}");
        }
    }

    #[test]
    fn what_was_recorded_can_be_read_whatever_became_of_its_code() {
        let digits = |code| Currency::recorded(code).map(Currency::minor_digits);
        for code in ["GBP", "JPY", "KWD", "CLF", "HRK"] {
            assert_eq!(Currency::recorded(code), Currency::of(code), "{code}");
        }
        assert_eq!(digits("XAU"), Ok(2));
        assert_eq!(digits("ABC"), Ok(2));
        for code in ["", "gbp", "GB", "GBP ", "€"] {
            assert!(Currency::recorded(code).is_err(), "{code:?}");
        }
    }
}

//! Currencies and their minor digits (ISO 4217).

use std::fmt;

/// A currency that money can be counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Currency {
    known: iso_currency::Currency,
    /// Digits after the decimal point: 2 for EUR, 0 for JPY, 3 for KWD.
    pub(crate) minor_digits: u32,
}

impl Currency {
    /// The currency with this three-letter code, in capitals; also one that is no longer in use.
    pub(crate) fn of(code: &str) -> Option<Self> {
        let known = iso_currency::Currency::from_code(code)?;
        // Metals, units of account and codes for tests are no money that one pays with.
        let digits = known.exponent().filter(|_| !known.is_special())?;
        Some(Self {
            known,
            minor_digits: digits.into(),
        })
    }

    /// Whether new prices may be in it.
    pub(crate) fn is_in_use(self) -> bool {
        // The bolívar has two codes in use, of which the crate takes the older one for replaced.
        self.known.is_superseded().is_none() || self.code() == "VES"
    }

    /// The three-letter code.
    pub(crate) fn code(self) -> &'static str {
        self.known.code()
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
        let digits = |code| Currency::of(code).map(|currency| currency.minor_digits);
        assert_eq!(digits("JPY"), Some(0));
        assert_eq!(digits("GBP"), Some(2));
        assert_eq!(digits("ZWG"), Some(2));
        assert_eq!(digits("KWD"), Some(3));
        assert_eq!(digits("CLF"), Some(4));
        assert_eq!(digits("XCG"), Some(2));
    }

    #[test]
    fn what_is_no_code_is_no_currency() {
        for code in [
            "", "gbp", "XXX", "XAU", "XTS", "GB", "GBP ", "GBP GEL", "ABC",
        ] {
            assert_eq!(Currency::of(code), None, "{code:?}");
        }
    }

    #[test]
    fn currencies_that_were_replaced_are_known_and_not_in_use() {
        let in_use = |code| Currency::of(code).map(Currency::is_in_use);
        for code in ["HRK", "ZWL"] {
            assert_eq!(in_use(code), Some(false), "{code}");
        }
        for code in ["EUR", "ZWG", "XCG", "VES", "VED", "UYI", "CLF"] {
            assert_eq!(in_use(code), Some(true), "{code}");
        }
    }
}

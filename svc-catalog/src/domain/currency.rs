//! Currencies and their minor digits (ISO 4217, list one, active codes).

use std::fmt;

/// A currency that money can be counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Currency {
    code: &'static str,
    /// Digits after the decimal point: 2 for EUR, 0 for JPY, 3 for KWD.
    pub(crate) minor_digits: u32,
}

/// Codes by their number of minor digits.
const CODES: [(u32, &str); 4] = [
    (
        0,
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    ),
    (
        2,
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD \
         CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD \
         GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL \
         MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN \
         PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP \
         SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG",
    ),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
    (4, "CLF UYW"),
];

impl Currency {
    /// The currency with this three-letter code, in capitals.
    pub(crate) fn of(code: &str) -> Option<Self> {
        CODES.iter().find_map(|&(minor_digits, codes)| {
            let code = codes
                .split_ascii_whitespace()
                .find(|known| *known == code)?;
            Some(Self { code, minor_digits })
        })
    }

    /// The three-letter code.
    pub(crate) fn code(self) -> &'static str {
        self.code
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
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
    }

    #[test]
    fn what_is_no_code_is_no_currency() {
        for code in ["", "gbp", "XXX", "GB", "GBP ", "GBP GEL"] {
            assert_eq!(Currency::of(code), None, "{code:?}");
        }
    }
}

//! How Stripe counts money: docs.stripe.com/currencies, as of September 2026.
//!
//! Mostly in the minor unit of ISO 4217. It differs where ISO 4217 has digits that nobody uses (MGA), and
//! where Stripe has kept digits that ISO 4217 no longer has (ISK, UGX).

use money::{Currency, Money};

use super::client::unreadable;
use crate::provider::Failure;

/// Two digits, as ISO 4217 has it. Currencies that ISO 4217 has replaced, such as ANG, are left out.
const TWO_DIGITS: &[&str] = &[
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN",
    "BMD", "BND", "BOB", "BRL", "BSD", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CNY", "COP",
    "CRC", "CVE", "CZK", "DKK", "DOP", "DZD", "EGP", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL",
    "GIP", "GMD", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "JMD", "KES",
    "KGS", "KHR", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "MAD", "MDL", "MKD", "MMK",
    "MNT", "MOP", "MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR",
    "NZD", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SBD",
    "SCR", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SZL", "THB", "TJS", "TOP", "TRY", "TTD",
    "TWD", "TZS", "UAH", "USD", "UYU", "UZS", "WST", "XCD", "XCG", "YER", "ZAR", "ZMW",
];
/// "Zero-decimal currencies", but for UGX, of which "Special cases" says otherwise.
const NO_DIGITS: &[&str] = &[
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF",
    "XOF", "XPF",
];
/// "Special cases": counted in hundredths, of which there are none.
const WHOLE_OF_TWO_DIGITS: &[&str] = &["ISK", "UGX"];
/// "Three-decimal currencies": the last digit has to be 0. An account has to be allowed them.
const TENS_OF_THREE_DIGITS: &[&str] = &["BHD", "JOD", "KWD", "OMR", "TND"];

/// How Stripe counts a currency.
#[derive(Clone, Copy)]
struct Scale {
    /// Digits after the point.
    digits: u32,
    /// What each amount is a multiple of.
    step: i64,
}

/// Whether Stripe takes it.
pub(super) fn takes(currency: Currency) -> bool {
    scale(currency).is_some()
}

/// The currency that Stripe writes in small letters.
pub(super) fn currency(code: &str) -> Result<Currency, Failure> {
    let code = code.to_ascii_uppercase();
    Currency::recorded(&code).map_err(|_| unreadable(format!("the currency {code:?}")))
}

/// The amount as Stripe counts it.
///
/// # Errors
/// A refusal, as Stripe would refuse it: the currency is none of its own, or the amount too fine.
pub(super) fn told(money: Money) -> Result<i64, Failure> {
    let refused = |code: &str, message| Failure::Refused {
        code: code.to_owned(),
        message,
    };
    let Money { currency, minor } = money;
    let scale = scale(currency)
        .ok_or_else(|| refused("currency_unknown", format!("Stripe takes no {currency}")))?;
    convert(minor, currency.minor_digits().into(), scale.digits)
        .filter(|amount| amount % scale.step == 0)
        .ok_or_else(|| {
            let message = format!("Stripe takes no such fraction of {currency}");
            refused("amount_too_precise", message)
        })
}

/// An amount of Stripe's in minor units.
///
/// # Errors
/// When it makes no sense.
pub(super) fn read(currency: Currency, amount: i64) -> Result<i64, Failure> {
    let minor = match scale(currency) {
        Some(scale) => convert(amount, scale.digits, currency.minor_digits().into()),
        None => Some(amount),
    };
    minor.ok_or_else(|| unreadable(format!("the amount {amount} of {currency}")))
}

fn scale(currency: Currency) -> Option<Scale> {
    let code = &currency.code();
    let scale = |digits, step| Some(Scale { digits, step });
    if TWO_DIGITS.contains(code) {
        scale(2, 1)
    } else if NO_DIGITS.contains(code) {
        scale(0, 1)
    } else if WHOLE_OF_TWO_DIGITS.contains(code) {
        scale(2, 100)
    } else if TENS_OF_THREE_DIGITS.contains(code) {
        scale(3, 10)
    } else {
        None
    }
}

/// The same amount with other digits; `None` if that loses some.
fn convert(amount: i64, from: u32, to: u32) -> Option<i64> {
    let amount = amount.checked_mul(10_i64.pow(to.saturating_sub(from)))?;
    let divisor = 10_i64.pow(from.saturating_sub(to));
    (amount % divisor == 0).then_some(amount / divisor)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(code: &str, minor: i64) -> Money {
        let currency = Currency::of(code).expect(code);
        Money { currency, minor }
    }

    fn told_of(code: &str, minor: i64) -> Result<i64, String> {
        told(money(code, minor)).map_err(|failure| match failure {
            Failure::Refused { code, .. } => code,
            Failure::Unknown(why) => panic!("{why}"),
        })
    }

    fn every() -> Vec<&'static str> {
        [
            TWO_DIGITS,
            NO_DIGITS,
            WHOLE_OF_TWO_DIGITS,
            TENS_OF_THREE_DIGITS,
        ]
        .concat()
    }

    #[test]
    fn an_amount_is_told_as_stripe_counts_it() {
        for (code, minor, amount) in [
            ("USD", 1_000, 1_000),
            ("JPY", 500, 500),
            // Twelve forints and half a one: that HUF is whole in payouts is no matter of charges.
            ("HUF", 1_250, 1_250),
            ("TWD", 80_045, 80_045),
            ("ISK", 5, 500),
            ("UGX", 5, 500),
            // 5 ariary, of which ISO 4217 counts hundredths.
            ("MGA", 500, 5),
            ("KWD", 5_120, 5_120),
        ] {
            assert_eq!(told_of(code, minor), Ok(amount), "{code} {minor}");
            let currency = money(code, minor).currency;
            assert_eq!(read(currency, amount).unwrap(), minor, "{code} {amount}");
        }
    }

    #[test]
    fn what_stripe_would_refuse_is_not_rounded() {
        for (code, minor) in [("KWD", 5_124), ("TND", 1), ("MGA", 550)] {
            let refused = Err("amount_too_precise".to_owned());
            assert_eq!(told_of(code, minor), refused, "{code} {minor}");
        }
        for code in ["IRR", "KPW", "CLF", "LYD", "HRK"] {
            let refused = Err("currency_unknown".to_owned());
            assert_eq!(told_of(code, 100), refused, "{code}");
            assert!(!takes(money(code, 0).currency), "{code}");
        }
        assert_eq!(
            told_of("ISK", i64::MAX),
            Err("amount_too_precise".to_owned())
        );
    }

    #[test]
    fn each_currency_is_counted_in_one_way_and_is_one() {
        let mut codes = every();
        codes.sort_unstable();
        let count = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), count);
        for code in codes {
            let currency = Currency::of(code).expect(code);
            let digits = u32::from(currency.minor_digits());
            let scale = scale(currency).expect(code);
            let differs = matches!(code, "ISK" | "UGX" | "MGA");
            assert_eq!(digits != scale.digits, differs, "{code}");
        }
    }

    proptest! {
        #[test]
        fn what_is_told_comes_back_as_it_was(
            code in prop::sample::select(every()),
            minor in -1_000_000_000_000_i64..1_000_000_000_000,
        ) {
            let money = money(code, minor);
            match told(money) {
                Ok(amount) => prop_assert_eq!(read(money.currency, amount).unwrap(), minor),
                Err(_) => prop_assert!(
                    TENS_OF_THREE_DIGITS.contains(&code) && minor % 10 != 0
                        || code == "MGA" && minor % 100 != 0
                ),
            }
        }

        #[test]
        fn what_stripe_says_goes_back_as_it_came(
            code in prop::sample::select(every()),
            units in -10_000_000_000_i64..10_000_000_000,
        ) {
            let currency = Currency::of(code).unwrap();
            let amount = units * scale(currency).unwrap().step;
            let minor = read(currency, amount).unwrap();
            prop_assert_eq!(told(Money { currency, minor }).unwrap(), amount);
        }
    }
}

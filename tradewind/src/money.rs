//! Amounts in minor units (pence, cents): exact, without floating point.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

/// Digits after the point of the currencies that Tradewind's shops use.
const MINOR_DIGITS: usize = 2;
const NANOS_PER_MINOR: i64 = 10_000_000;

/// Reads a decimal such as `2.1` or `-11062.06` as minor units (210, -1106206).
pub(crate) fn parse(text: &str) -> Result<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    ensure!(
        !(whole.is_empty() && fraction.is_empty()) && is_number(whole) && is_number(fraction),
        "`{text}` is not a decimal number"
    );
    let fraction = fraction.trim_end_matches('0');
    ensure!(
        fraction.len() <= MINOR_DIGITS,
        "`{text}` has a fraction of a minor unit"
    );
    format!("{whole}{fraction:0<MINOR_DIGITS$}")
        .parse::<i64>()
        .map(|minor| sign * minor)
        .with_context(|| format!("`{text}` is too large"))
}

/// Minor units as people read them: `187,358.35`.
pub(crate) fn format(minor: i64) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let minor = minor.unsigned_abs();
    format!("{sign}{}.{:02}", group(minor / 100), minor % 100)
}

/// A count with its thousands apart: `90,119`.
pub(crate) fn group(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A `google.type.Money` in JSON.
pub(crate) fn to_json(minor: i64, currency: &str) -> Value {
    json!({
        "currencyCode": currency,
        "units": (minor / 100).to_string(),
        "nanos": (minor % 100) * NANOS_PER_MINOR,
    })
}

/// Minor units of a `google.type.Money` in JSON, where zero fields may be left out and a 64-bit
/// number is a string (proto3 JSON mapping).
pub(crate) fn from_json(money: &Value) -> Option<i64> {
    let units = match &money["units"] {
        Value::Null => 0,
        Value::String(text) => text.parse::<i64>().ok()?,
        number => number.as_i64()?,
    };
    let nanos = money["nanos"].as_i64().unwrap_or(0);
    units.checked_mul(100)?.checked_add(nanos / NANOS_PER_MINOR)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(parse(text).expect(text), minor, "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", ".", "-", "1,5", "1e3", "0.001", "99999999999999999999"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn amounts_are_printed_with_their_thousands_apart() {
        assert_eq!(format(18_735_835), "187,358.35");
        assert_eq!(format(-5), "-0.05");
        assert_eq!(group(1990), "1,990");
    }

    #[test]
    fn money_in_json_comes_back_as_it_went() {
        assert_eq!(from_json(&to_json(1_999, "GBP")), Some(1_999));
        assert_eq!(
            from_json(&json!({"currencyCode": "GBP", "nanos": 850_000_000})),
            Some(85)
        );
    }
}

//! Amounts as people read them, and as the REST API has them.

use money::{Currency, Money};
use serde_json::{Value, json};

/// An amount as people read it, without its currency: `187,358.35`, and in yen `187,358`.
pub(crate) fn format(amount: Money) -> String {
    let sign = if amount.minor < 0 { "-" } else { "" };
    let minor = amount.minor.unsigned_abs();
    let minor_per_unit = amount.currency.minor_per_unit().unsigned_abs();
    let units = group(minor / minor_per_unit);
    match usize::from(amount.currency.minor_digits()) {
        0 => format!("{sign}{units}"),
        digits => format!("{sign}{units}.{:0digits$}", minor % minor_per_unit),
    }
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
pub(crate) fn to_json(amount: Money) -> Value {
    let (units, nanos) = amount.units();
    json!({
        "currencyCode": amount.currency.code(),
        "units": units.to_string(),
        "nanos": nanos,
    })
}

/// The amount of a `google.type.Money` in JSON, where zero fields may be left out and a 64-bit
/// number is a string (proto3 JSON mapping).
pub(crate) fn from_json(amount: &Value) -> Option<Money> {
    let currency = Currency::of(amount["currencyCode"].as_str()?).ok()?;
    let units = match &amount["units"] {
        Value::Null => 0,
        Value::String(text) => text.parse::<i64>().ok()?,
        number => number.as_i64()?,
    };
    let nanos = amount["nanos"].as_i64().unwrap_or(0).try_into().ok()?;
    Money::from_units(currency, units, nanos).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(code: &str, minor: i64) -> Money {
        let currency = Currency::of(code).expect("a code of the table");
        Money { currency, minor }
    }

    #[test]
    fn amounts_are_printed_with_their_thousands_apart() {
        assert_eq!(format(amount("GBP", 18_735_835)), "187,358.35");
        assert_eq!(format(amount("GBP", -5)), "-0.05");
        assert_eq!(group(1990), "1,990");
    }

    #[test]
    fn money_in_json_comes_back_as_it_went() {
        for sent in [
            amount("GBP", 1_999),
            amount("KWD", 2_005),
            amount("JPY", -7),
        ] {
            assert_eq!(from_json(&to_json(sent)), Some(sent));
        }
        assert_eq!(
            from_json(&json!({"currencyCode": "GBP", "nanos": 850_000_000})),
            Some(amount("GBP", 85))
        );
    }

    #[test]
    fn a_currency_has_the_digits_that_it_has() {
        let sent = |code, minor| to_json(amount(code, minor));
        let json =
            |code, units, nanos| json!({"currencyCode": code, "units": units, "nanos": nanos});
        assert_eq!(sent("JPY", 1_500), json("JPY", "1500", 0));
        assert_eq!(sent("KWD", 2_005), json("KWD", "2", 5_000_000));
        assert_eq!(format(amount("JPY", 1_500)), "1,500");
        assert_eq!(format(amount("KWD", 2_005)), "2.005");
    }
}

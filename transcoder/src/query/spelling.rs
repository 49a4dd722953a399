//! Values as other gateways let clients write them, in the spelling of JSON.

use std::borrow::Cow;

use prost_reflect::{FieldDescriptor, Kind};

use crate::{Booleans, QueryOptions};

/// The value as JSON writes it, if the options know it in another spelling; else as it is.
pub(crate) fn usual<'v>(
    options: QueryOptions,
    field: &FieldDescriptor,
    value: &'v str,
) -> Cow<'v, str> {
    match field.kind() {
        Kind::Bool => boolean(options.booleans, value),
        kind if options.decimal_integers && is_integer(&kind) => integer(value),
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.BoolValue" => boolean(options.booleans, value),
            "google.protobuf.Int32Value"
            | "google.protobuf.Int64Value"
            | "google.protobuf.UInt32Value"
            | "google.protobuf.UInt64Value"
                if options.decimal_integers =>
            {
                integer(value)
            }
            "google.protobuf.Duration" if options.go_durations => duration(value),
            _ => Cow::Borrowed(value),
        },
        _ => Cow::Borrowed(value),
    }
}

fn is_integer(kind: &Kind) -> bool {
    use Kind::{
        Fixed32, Fixed64, Int32, Int64, Sfixed32, Sfixed64, Sint32, Sint64, Uint32, Uint64,
    };
    let signed = matches!(kind, Int32 | Int64 | Sint32 | Sint64 | Sfixed32 | Sfixed64);
    signed || matches!(kind, Uint32 | Uint64 | Fixed32 | Fixed64)
}

/// What is no integer becomes nothing, which is none in JSON either.
fn integer(value: &str) -> Cow<'_, str> {
    let (sign, digits) = match value.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", value.strip_prefix('+').unwrap_or(value)),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Cow::Borrowed("");
    }
    let usual = match digits.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    match sign.len() + usual.len() == value.len() {
        true => Cow::Borrowed(value),
        false => Cow::Owned(format!("{sign}{usual}")),
    }
}

fn boolean(spelling: Booleans, value: &str) -> Cow<'_, str> {
    let usual = match spelling {
        Booleans::Json => value,
        Booleans::Go => match value {
            "1" | "t" | "T" | "TRUE" | "True" => "true",
            "0" | "f" | "F" | "FALSE" | "False" => "false",
            _ => value,
        },
        Booleans::Abseil => match value.to_ascii_lowercase().as_str() {
            "1" | "t" | "true" | "y" | "yes" => "true",
            "0" | "f" | "false" | "n" | "no" => "false",
            _ => value,
        },
    };
    Cow::Borrowed(usual)
}

/// Go's `time.ParseDuration`: numbers, each with its unit, and a sign before all of them.
fn duration(value: &str) -> Cow<'_, str> {
    match nanoseconds(value) {
        Some(nanos) => {
            let (sign, nanos) = (if nanos < 0 { "-" } else { "" }, nanos.unsigned_abs());
            let (seconds, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
            Cow::Owned(format!("{sign}{seconds}.{rest:09}s"))
        }
        None => Cow::Borrowed(value),
    }
}

fn nanoseconds(value: &str) -> Option<i64> {
    let (is_negative, mut rest) = match value.as_bytes().first()? {
        b'-' => (true, &value[1..]),
        b'+' => (false, &value[1..]),
        _ => (false, value),
    };
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(end);
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.');
        let (unit, after) = after.split_at(end.unwrap_or(after.len()));
        let unit: i64 = match unit {
            "h" => 3_600_000_000_000,
            "m" => 60_000_000_000,
            "s" => 1_000_000_000,
            "ms" => 1_000_000,
            "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
            "ns" => 1,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let whole: i64 = if whole.is_empty() {
            0
        } else {
            whole.parse().ok()?
        };
        total = total.checked_add(whole.checked_mul(unit)?)?;
        let mut scale = unit;
        for digit in fraction.bytes() {
            scale /= 10;
            let digit = char::from(digit).to_digit(10)?;
            total = total.checked_add(i64::from(digit).checked_mul(scale)?)?;
        }
        rest = after;
    }
    Some(if is_negative { -total } else { total })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_digits() {
        for (text, usual) in [
            ("7", "7"),
            ("-7", "-7"),
            ("+7", "7"),
            ("007", "7"),
            ("-007", "-7"),
            ("000", "0"),
            ("1e2", ""),
            ("1.0", ""),
            ("", ""),
            ("+", ""),
            ("+-1", ""),
            ("0x1", ""),
        ] {
            assert_eq!(integer(text), usual, "{text}");
        }
    }

    #[test]
    fn durations_of_go_become_seconds() {
        for (text, usual) in [
            ("1h30m", "5400.000000000s"),
            ("-1.5s", "-1.500000000s"),
            ("300ms", "0.300000000s"),
            ("1us2ns", "0.000001002s"),
            (".5m", "30.000000000s"),
        ] {
            assert_eq!(duration(text), usual, "{text}");
        }
        for text in ["", "1", "h", "1x", "1h-1m", ".s", "999999999999h", "1..2s"] {
            assert_eq!(duration(text), text, "{text}");
        }
    }
}

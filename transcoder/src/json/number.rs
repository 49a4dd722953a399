//! The numbers of JSON (RFC 8259 section 6), exactly.

/// An integer with its sign apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Integer {
    pub(super) is_negative: bool,
    pub(super) magnitude: u64,
}

impl Integer {
    pub(super) fn to_i64(self) -> Option<i64> {
        match self.is_negative {
            true => 0i64.checked_sub_unsigned(self.magnitude),
            false => i64::try_from(self.magnitude).ok(),
        }
    }

    pub(super) fn to_u64(self) -> Option<u64> {
        (!self.is_negative || self.magnitude == 0).then_some(self.magnitude)
    }
}

/// The integer of at most nine digits at the beginning of `text`, and how many it has. `None` also for
/// a number that is written in another way.
#[inline]
pub(super) fn small(text: &[u8]) -> Option<(u64, usize)> {
    let mut at = 0;
    let mut number = 0;
    while let Some(digit) = digit(text, at) {
        number = number * 10 + digit;
        at += 1;
        if at > 9 {
            return None;
        }
    }
    let is_plain = match text.first()? {
        b'0' => at == 1,
        _ => at > 0,
    };
    let ends = !matches!(text.get(at), Some(b'.' | b'e' | b'E'));
    (is_plain && ends).then_some((number, at))
}

/// The integer at the beginning of `text`, and how many bytes it has. `1e5` and `1.0` are integers.
/// `None` if there is no number, or one that is no integer or has more than 64 bits.
#[inline]
pub(super) fn integer(text: &[u8]) -> Option<(Integer, usize)> {
    let is_negative = text.first() == Some(&b'-');
    let start = usize::from(is_negative);
    let mut at = start;
    let mut magnitude = 0u64;
    while let Some(digit) = digit(text, at) {
        // 19 digits always fit.
        if at - start == 19 {
            return exact(text);
        }
        magnitude = magnitude * 10 + digit;
        at += 1;
    }
    if at == start || (text[start] == b'0' && at > start + 1) {
        return None;
    }
    if matches!(text.get(at), Some(b'.' | b'e' | b'E')) {
        return exact(text);
    }
    let integer = Integer {
        is_negative,
        magnitude,
    };
    Some((integer, at))
}

#[inline]
fn digit(text: &[u8], at: usize) -> Option<u64> {
    let digit = text.get(at)?.wrapping_sub(b'0');
    (digit < 10).then_some(u64::from(digit))
}

/// The same for numbers with many digits, with a fraction or an exponent.
#[cold]
fn exact(text: &[u8]) -> Option<(Integer, usize)> {
    let end = number_end(text, 0)?;
    let number = &text[..end];
    let at_exponent = number.iter().position(|byte| matches!(byte, b'e' | b'E'));
    let (mantissa, exponent) = match at_exponent {
        Some(at) => (&number[..at], exponent(&number[at + 1..])),
        None => (number, 0),
    };
    let mut magnitude = 0u64;
    // Zeros that may still be the last digits, and how many digits stand behind the point.
    let (mut zeros, mut fraction, mut in_fraction) = (0i64, 0i64, false);
    for &byte in mantissa {
        fraction += i64::from(in_fraction);
        match byte {
            b'-' => {}
            b'.' => in_fraction = true,
            b'0' if magnitude == 0 => {}
            b'0' => zeros += 1,
            digit => {
                magnitude = shifted(magnitude, zeros + 1)?.checked_add(u64::from(digit - b'0'))?;
                zeros = 0;
            }
        }
    }
    let integer = Integer {
        is_negative: number[0] == b'-',
        magnitude: match magnitude {
            0 => 0,
            magnitude => shifted(magnitude, exponent.saturating_add(zeros - fraction))?,
        },
    };
    Some((integer, end))
}

/// `number` with that many more zeros.
fn shifted(number: u64, zeros: i64) -> Option<u64> {
    let power = 10u64.checked_pow(u32::try_from(zeros).ok()?)?;
    number.checked_mul(power)
}

/// The digits behind an `e`; beyond what matters, some large number.
fn exponent(text: &[u8]) -> i64 {
    let (is_negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    let value = digits.iter().fold(0i64, |value, digit| {
        value
            .saturating_mul(10)
            .saturating_add(i64::from(digit - b'0'))
    });
    // Half of the range leaves room to add the digits of the text.
    let value = value.min(i64::MAX / 2);
    if is_negative { -value } else { value }
}

/// Where the number that begins at `start` ends; `None` if none does.
#[inline]
pub(super) fn number_end(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start + usize::from(text.get(start) == Some(&b'-'));
    at = match text.get(at)? {
        b'0' => at + 1,
        _ => digits_end(text, at)?,
    };
    if text.get(at) == Some(&b'.') {
        at = digits_end(text, at + 1)?;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        at += 1;
        at += usize::from(matches!(text.get(at), Some(b'+' | b'-')));
        at = digits_end(text, at)?;
    }
    Some(at)
}

#[inline]
fn digits_end(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    while digit(text, at).is_some() {
        at += 1;
    }
    (at > start).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::{integer, small};

    fn whole(text: &str) -> Option<i128> {
        let (integer, end) = integer(text.as_bytes())?;
        assert_eq!(end, text.len(), "{text}");
        let magnitude = i128::from(integer.magnitude);
        if let Some((number, end)) = small(text.as_bytes()) {
            assert_eq!((i128::from(number), end), (magnitude, text.len()), "{text}");
        }
        Some(if integer.is_negative {
            -magnitude
        } else {
            magnitude
        })
    }

    #[test]
    fn integers_may_have_fractions_and_exponents_of_nothing() {
        let cases = [
            ("0", 0),
            ("-0", 0),
            ("-0.0", 0),
            ("0e99999999999999999999", 0),
            ("1e5", 100_000),
            ("1E+5", 100_000),
            ("1.50e1", 15),
            ("1500e-2", 15),
            ("100000.000", 100_000),
            ("-1.0", -1),
            ("18446744073709551615", u64::MAX.into()),
            ("18446744073709551615.0", u64::MAX.into()),
            ("1.8446744073709551615e19", u64::MAX.into()),
            ("9223372036854775807.000", i64::MAX.into()),
            ("-9223372036854775808", i64::MIN.into()),
            ("0.00000000000000000000001e23", 1),
        ];
        for (text, value) in cases {
            assert_eq!(whole(text), Some(value), "{text}");
        }
    }

    #[test]
    fn numbers_of_few_digits_are_told_at_once() {
        assert_eq!(small(b"0,"), Some((0, 1)));
        assert_eq!(small(b"1"), Some((1, 1)));
        assert_eq!(small(b"17}"), Some((17, 2)));
        assert_eq!(small(b"999999999 "), Some((999_999_999, 9)));
        for other in ["1000000000", "-1", "\"1\"", "1.0", "1e2", " 1"] {
            assert_eq!(small(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn what_is_no_integer_is_nothing() {
        for text in [
            "",
            "-",
            "+1",
            "01",
            "-01",
            "1.5",
            "1.",
            ".5",
            "1e",
            "1e-1",
            "1e20",
            "18446744073709551616",
            "1e99999999999999999999",
            "1e-99999999999999999999",
            "x",
            "NaN",
        ] {
            assert_eq!(integer(text.as_bytes()), None, "{text}");
            assert_eq!(small(text.as_bytes()), None, "{text}");
        }
    }
}

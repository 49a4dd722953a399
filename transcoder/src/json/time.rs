//! google.protobuf.Timestamp and Duration as text (RFC 3339, and seconds with an `s`).

/// 0001-01-01T00:00:00Z
const FIRST: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z
const LAST: i64 = 253_402_300_799;
/// timestamp.proto, duration.proto: 10,000 years, more or less.
const LONGEST: i64 = 315_576_000_000;
const BILLION: i32 = 1_000_000_000;
const DAY: i64 = 86_400;

/// Seconds since 1970 and nanoseconds.
pub(super) fn parse_timestamp(text: &str) -> Option<(i64, i32)> {
    let (date_time, rest) = text.as_bytes().split_first_chunk::<19>()?;
    let [
        y0,
        y1,
        y2,
        y3,
        b'-',
        o0,
        o1,
        b'-',
        d0,
        d1,
        b'T',
        h0,
        h1,
        b':',
        m0,
        m1,
        b':',
        s0,
        s1,
    ] = *date_time
    else {
        return None;
    };
    let year = two(y0, y1)? * 100 + two(y2, y3)?;
    let (month, day) = (two(o0, o1)?, two(d0, d1)?);
    let (hour, minute, second) = (two(h0, h1)?, two(m0, m1)?, two(s0, s1)?);
    if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (nanos, rest) = match rest {
        [b'.', rest @ ..] => fraction(rest)?,
        rest => (0, rest),
    };
    let offset = match *rest {
        [b'Z'] => 0,
        [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] => {
            let (hours, minutes) = (two(h0, h1)?, two(m0, m1)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let offset = hours * 3600 + minutes * 60;
            if sign == b'+' { offset } else { -offset }
        }
        _ => return None,
    };
    let days = days_from_civil(year, month, day);
    let seconds = days * DAY + hour * 3600 + minute * 60 + second - offset;
    (FIRST..=LAST)
        .contains(&seconds)
        .then_some((seconds, nanos))
}

/// Appends the text of a timestamp, without quotes; nothing if it has none.
pub(super) fn print_timestamp(seconds: i64, nanos: i32, out: &mut Vec<u8>) -> Option<()> {
    if !(FIRST..=LAST).contains(&seconds) || !(0..BILLION).contains(&nanos) {
        return None;
    }
    let (days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let (year, month, day) = civil_from_days(days);
    let mut text = *b"0000-00-00T00:00:00";
    let mut put = |at: usize, value: i64| {
        text[at] = b'0' + (value / 10) as u8;
        text[at + 1] = b'0' + (value % 10) as u8;
    };
    put(0, year / 100);
    put(2, year % 100);
    put(5, month);
    put(8, day);
    put(11, second / 3600);
    put(14, second / 60 % 60);
    put(17, second % 60);
    out.extend_from_slice(&text);
    put_fraction(nanos, out);
    out.push(b'Z');
    Some(())
}

/// Seconds and nanoseconds, both with the sign of the whole.
pub(super) fn parse_duration(text: &str) -> Option<(i64, i32)> {
    let text = text.strip_suffix('s')?;
    let (is_negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let (seconds, nanos) = match text.split_once('.') {
        Some((seconds, digits)) => match fraction(digits.as_bytes())? {
            (nanos, []) => (seconds, nanos),
            _ => return None,
        },
        None => (text, 0),
    };
    if seconds.is_empty() || !seconds.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = seconds.parse().ok()?;
    if seconds > LONGEST {
        return None;
    }
    Some(if is_negative {
        (-seconds, -nanos)
    } else {
        (seconds, nanos)
    })
}

/// Appends the text of a duration, without quotes; nothing if it has none.
pub(super) fn print_duration(seconds: i64, nanos: i32, out: &mut Vec<u8>) -> Option<()> {
    let signs_differ = (seconds < 0 && nanos > 0) || (seconds > 0 && nanos < 0);
    if seconds.unsigned_abs() > LONGEST.unsigned_abs()
        || nanos.unsigned_abs() >= BILLION.unsigned_abs()
        || signs_differ
    {
        return None;
    }
    if seconds < 0 || nanos < 0 {
        out.push(b'-');
    }
    let mut buffer = itoa::Buffer::new();
    out.extend_from_slice(buffer.format(seconds.unsigned_abs()).as_bytes());
    put_fraction(nanos.abs(), out);
    out.push(b's');
    Some(())
}

fn two(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens * 10 + ones))
}

/// One to nine digits behind the point, as nanoseconds, and what follows.
fn fraction(text: &[u8]) -> Option<(i32, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=9).contains(&digits) {
        return None;
    }
    let value = text[..digits]
        .iter()
        .fold(0, |value, byte| value * 10 + i32::from(byte - b'0'));
    Some((value * 10i32.pow(9 - digits as u32), &text[digits..]))
}

/// Three, six or nine digits, or none (proto3 JSON mapping).
fn put_fraction(nanos: i32, out: &mut Vec<u8>) {
    if nanos == 0 {
        return;
    }
    let mut digits = *b".000000000";
    let mut rest = nanos;
    for digit in digits[1..].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let length = match nanos {
        nanos if nanos % 1_000_000 == 0 => 4,
        nanos if nanos % 1_000 == 0 => 7,
        _ => 10,
    };
    out.extend_from_slice(&digits[..length]);
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar. A year that begins in March has its
/// leap day at its end.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719,468 days from 0000-03-01 to 1970-01-01.
    year * 365 + leaps + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// The inverse.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, in_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * in_year + 2) / 153;
    let day = in_year - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year_of_era;
    if month < 10 {
        (year, month + 3, day)
    } else {
        (year + 1, month - 9, day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_days_of_ten_thousand_years_are_read_as_they_are_printed() {
        for day in (FIRST / DAY..=LAST / DAY).step_by(23) {
            let mut text = Vec::new();
            print_timestamp(day * DAY + 3_601, 0, &mut text).expect("within the range");
            let text = String::from_utf8(text).expect("ASCII");
            assert_eq!(
                parse_timestamp(&text),
                Some((day * DAY + 3_601, 0)),
                "{text}"
            );
        }
    }

    #[test]
    fn timestamps() {
        assert_eq!(parse_timestamp("1970-01-01T00:00:00Z"), Some((0, 0)));
        assert_eq!(
            parse_timestamp("2000-02-29T23:59:59.5-01:30"),
            Some((951_874_199, 500_000_000))
        );
        assert_eq!(parse_timestamp("0001-01-01T00:00:00Z"), Some((FIRST, 0)));
        assert_eq!(
            parse_timestamp("9999-12-31T23:59:59.999999999Z"),
            Some((LAST, BILLION - 1))
        );
        for wrong in [
            "",
            "1970-01-01",
            "1970-01-01T00:00:00",
            "1970-01-01t00:00:00Z",
            "1970-01-01T00:00:00z",
            "1970-01-01 00:00:00Z",
            "1970-13-01T00:00:00Z",
            "1970-00-01T00:00:00Z",
            "1970-02-29T00:00:00Z",
            "1970-01-01T24:00:00Z",
            "1970-01-01T00:60:00Z",
            "1970-01-01T00:00:60Z",
            "1970-01-01T00:00:00.Z",
            "1970-01-01T00:00:00.1234567890Z",
            "1970-01-01T00:00:00+1:00",
            "1970-01-01T00:00:00+24:00",
            "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "0000-12-31T23:59:59Z",
            "+970-01-01T00:00:00Z",
        ] {
            assert_eq!(parse_timestamp(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn durations() {
        for (text, value) in [
            ("0s", (0, 0)),
            ("1.5s", (1, 500_000_000)),
            ("-0.5s", (0, -500_000_000)),
            ("-315576000000.999999999s", (-LONGEST, 1 - BILLION)),
        ] {
            assert_eq!(parse_duration(text), Some(value), "{text}");
        }
        for wrong in [
            "",
            "s",
            "1",
            "1.s",
            ".5s",
            "--1s",
            "+1s",
            "1e3s",
            "315576000001s",
            "1 s",
        ] {
            assert_eq!(parse_duration(wrong), None, "{wrong}");
        }
        let print = |seconds, nanos| {
            let mut out = Vec::new();
            print_duration(seconds, nanos, &mut out)?;
            String::from_utf8(out).ok()
        };
        assert_eq!(print(-1, -1).as_deref(), Some("-1.000000001s"));
        assert_eq!(print(0, -500_000_000).as_deref(), Some("-0.500s"));
        assert_eq!(print(1, -1), None);
        assert_eq!(print(0, BILLION), None);
        assert_eq!(print(LONGEST + 1, 0), None);
    }
}

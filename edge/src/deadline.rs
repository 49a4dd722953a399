//! How long a client is willing to wait.

use std::time::Duration;

use http::HeaderMap;
use runtime::metadata::GRPC_TIMEOUT;

use crate::failure::Failure;

/// Seconds, with a fraction if need be (draft-thomson-hybi-http-timeout).
const REQUEST_TIMEOUT: &str = "request-timeout";

/// Whoever is willing to wait for longer waits as long as this: a later moment need not exist.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What the client asks for, by `request-timeout` or `grpc-timeout`.
pub(crate) fn asked(headers: &HeaderMap) -> Result<Option<Duration>, Failure> {
    let read = |name: &str, parse: fn(&str) -> Option<Duration>| {
        let Some(value) = headers.get(name) else {
            return Ok(None);
        };
        let parsed = value.to_str().ok().and_then(|text| parse(text.trim()));
        parsed
            .map(Some)
            .ok_or_else(|| Failure::malformed(format!("{name} is no duration")))
    };
    let asked = read(REQUEST_TIMEOUT, seconds)?.or(read(GRPC_TIMEOUT, grpc)?);
    Ok(asked.map(|asked| asked.min(LONGEST)))
}

fn seconds(text: &str) -> Option<Duration> {
    let is_decimal = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_decimal.then(|| Duration::try_from_secs_f64(text.parse().ok()?).ok())?
}

/// gRPC over HTTP/2, `Timeout`: at most 8 digits and a unit.
fn grpc(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let is_number = (1..=8).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    let number: u64 = is_number.then(|| number.parse().ok())??;
    Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked_by(name: &'static str, value: &str) -> Option<Option<Duration>> {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        asked(&headers).ok()
    }

    #[test]
    fn a_client_may_ask_in_seconds_or_as_grpc_does() {
        assert_eq!(asked(&HeaderMap::new()).unwrap(), None);
        assert_eq!(
            asked_by("request-timeout", "2.5"),
            Some(Some(Duration::from_millis(2500)))
        );
        assert_eq!(
            asked_by("grpc-timeout", "250m"),
            Some(Some(Duration::from_millis(250)))
        );
        assert_eq!(
            asked_by("grpc-timeout", "1H"),
            Some(Some(Duration::from_secs(3600)))
        );
    }

    #[test]
    fn patience_without_end_is_still_a_time_that_clocks_know() {
        for (name, value) in [
            ("request-timeout", "18446744073709549568"),
            ("grpc-timeout", "99999999H"),
        ] {
            let asked = asked_by(name, value).unwrap().unwrap();
            assert_eq!(asked, LONGEST, "{name}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for value in ["", "soon", "-1", "1e3", "inf", "."] {
            assert_eq!(asked_by("request-timeout", value), None, "{value:?}");
        }
        for value in ["", "m", "1", "123456789m", "1 m", "1x", "1é"] {
            assert_eq!(asked_by("grpc-timeout", value), None, "{value:?}");
        }
    }
}

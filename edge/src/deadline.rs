//! How long a client is willing to wait.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use net::metadata::GRPC_TIMEOUT;
use net::metadata::parse_timeout;

use crate::failure::Failure;

/// Seconds, with a fraction if need be (draft-thomson-hybi-http-timeout).
const REQUEST_TIMEOUT: HeaderName = HeaderName::from_static("request-timeout");

/// Milliseconds, in up to ten digits (Connect).
const CONNECT_TIMEOUT: HeaderName = HeaderName::from_static("connect-timeout-ms");

/// Whoever is willing to wait for longer waits as long as this: a later moment need not exist.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What the client asks for, by `request-timeout`, `grpc-timeout` or `connect-timeout-ms`.
pub(crate) fn asked(headers: &HeaderMap) -> Result<Option<Duration>, Failure> {
    let (name, asked) = if let Some(value) = headers.get(REQUEST_TIMEOUT) {
        (REQUEST_TIMEOUT, seconds(value))
    } else if let Some(value) = headers.get(GRPC_TIMEOUT) {
        (GRPC_TIMEOUT, parse_timeout(value))
    } else if let Some(value) = headers.get(CONNECT_TIMEOUT) {
        (CONNECT_TIMEOUT, milliseconds(value))
    } else {
        return Ok(None);
    };
    let no_duration = || Failure::malformed(format!("{name} is no duration"));
    let asked = asked.ok_or_else(no_duration)?;
    Ok(Some(asked.min(LONGEST)))
}

fn milliseconds(value: &HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?;
    let is_number = (1..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().ok().map(Duration::from_millis))?
}

fn seconds(value: &HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    let is_decimal = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_decimal.then(|| Duration::try_from_secs_f64(text.parse().ok()?).ok())?
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
            asked_by("connect-timeout-ms", "1500"),
            Some(Some(Duration::from_millis(1500)))
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
        for value in ["", "1.5", "-1", "12345678901"] {
            assert_eq!(asked_by("connect-timeout-ms", value), None, "{value:?}");
        }
        for value in ["", "m", "1", "123456789m", "1 m", "1x", "1é"] {
            assert_eq!(asked_by("grpc-timeout", value), None, "{value:?}");
        }
    }
}

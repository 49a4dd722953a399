//! Names of the metadata that gRPC calls carry, and how it is written.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

/// Who calls: `Bearer …`.
pub const AUTHORIZATION: HeaderName = http::header::AUTHORIZATION;
/// Names a request through all of its hops.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Time left for the call (gRPC over HTTP/2, Timeout).
pub const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
/// How the call ended (gRPC over HTTP/2, Status).
pub const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// When the call may be made again, in milliseconds; below 0, or no number: not at all (gRFC A6).
pub const PUSHBACK: HeaderName = HeaderName::from_static("grpc-retry-pushback-ms");

/// Makes a repeated call have its effect once (draft-ietf-httpapi-idempotency-key-header).
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The longest idempotency key, in bytes. It is stored with the answer that it stands for.
pub const MAX_IDEMPOTENCY_KEY: usize = 255;
/// The address of the client who began it all, as a gateway saw it.
pub const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("x-client-address");
/// The user agent of that client.
pub const CLIENT_USER_AGENT: HeaderName = HeaderName::from_static("x-client-user-agent");

/// The caller's idempotency key, if it sent one: one value of 1 to [`MAX_IDEMPOTENCY_KEY`] printable
/// characters of ASCII. `Err` says what is wrong with it.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, String> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(format!("{IDEMPOTENCY_KEY}: it may be sent once"));
    }
    let lengths = 1..=MAX_IDEMPOTENCY_KEY;
    let key = value
        .to_str()
        .ok()
        .filter(|key| lengths.contains(&key.len()));
    key.map(Some).ok_or_else(|| {
        format!("{IDEMPOTENCY_KEY}: expected 1 to {MAX_IDEMPOTENCY_KEY} characters of ASCII")
    })
}

/// The token of a `Bearer` credential (RFC 6750, section 2.1).
pub fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The value of a header, if it is text.
pub fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Marks a value that no other call has. It is not remembered by the connection (RFC 7541, section
/// 6.2.3): there it would only push out what is.
pub fn of_one_call(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}

/// Reads a `grpc-timeout`: up to eight digits and a unit (gRPC over HTTP/2).
pub fn parse_timeout(value: &HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

/// Writes a `grpc-timeout`: microseconds of what is shorter than a second, else milliseconds, which
/// are often the same as those of the call before, so that they take no bytes (RFC 7541).
pub fn write_timeout(timeout: Duration) -> HeaderValue {
    const LARGEST: u128 = 99_999_999;
    const SECOND: Duration = Duration::from_secs(1);
    let text = match timeout {
        timeout if timeout < SECOND => format!("{}u", timeout.as_micros()),
        timeout if timeout.as_millis() <= LARGEST => format!("{}m", timeout.as_millis()),
        timeout => format!("{}S", u128::from(timeout.as_secs()).min(LARGEST)),
    };
    HeaderValue::try_from(text).expect("digits and a letter are a header value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_in_every_unit_and_written_in_one_that_holds_them() {
        let read = |text: &'static str| parse_timeout(&HeaderValue::from_static(text));
        assert_eq!(read("1H"), Some(Duration::from_secs(3600)));
        assert_eq!(read("250m"), Some(Duration::from_millis(250)));
        assert_eq!(read("7u"), Some(Duration::from_micros(7)));
        for wrong in ["", "m", "123456789m", "-1S", "1x", "1.5S"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        for timeout in [
            Duration::from_micros(5),
            Duration::from_secs(200),
            Duration::MAX / 4,
        ] {
            assert!(parse_timeout(&write_timeout(timeout)).is_some());
        }
    }
}

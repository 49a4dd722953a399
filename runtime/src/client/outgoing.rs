//! What goes along from the call in progress: deadline, trace, request id, tokens.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, TE};
use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;

use crate::call::CallContext;
use crate::metadata::{CLIENT_ADDRESS, CLIENT_USER_AGENT, GRPC_TIMEOUT, REQUEST_ID};
use crate::telemetry::Trace;

/// A call without any deadline waits this long, unless the reply is a stream.
const LONGEST: Duration = Duration::from_secs(30);
/// The caller keeps this much of its own time to answer, at most a tenth.
const MARGIN: Duration = Duration::from_millis(10);

/// When the call ends: the earlier of the request's own timeout and what the call in progress has
/// left, less a margin.
pub(super) fn deadline(
    headers: &HeaderMap,
    call: Option<&CallContext>,
    server_streams: bool,
) -> Option<Instant> {
    let now = Instant::now();
    let own = headers
        .get(GRPC_TIMEOUT)
        .and_then(parse_timeout)
        .map(|timeout| now + timeout);
    let inherited = call.and_then(|call| call.deadline).map(|deadline| {
        let left = deadline.saturating_duration_since(now);
        deadline - MARGIN.min(left / 10)
    });
    let fallback = (!server_streams).then(|| now + LONGEST);
    [own, inherited].into_iter().flatten().min().or(fallback)
}

/// Writes the metadata. What the request itself carries stays as it is. The idempotency key does
/// not go along: it names one call, and a handler may make several of the same method.
pub(super) fn set(
    headers: &mut HeaderMap,
    call: Option<&CallContext>,
    deadline: Option<Instant>,
    trace: Option<&Trace>,
) {
    headers.insert(TE, HeaderValue::from_static("trailers"));
    headers
        .entry(CONTENT_TYPE)
        .or_insert(HeaderValue::from_static("application/grpc"));
    if let Some(deadline) = deadline {
        let left = deadline.saturating_duration_since(Instant::now());
        headers.insert(GRPC_TIMEOUT, write_timeout(left));
    }
    if let Some(trace) = trace {
        trace.inject(headers);
    }
    let Some(call) = call else { return };
    let mut add = |name: HeaderName, value: Result<HeaderValue, _>| {
        if let Ok(value) = value {
            headers.entry(name).or_insert(value);
        }
    };
    add(
        REQUEST_ID,
        HeaderValue::from_str(&call.request_id).map(of_one_call),
    );
    if let Some(address) = call.client_address {
        add(CLIENT_ADDRESS, Ok(written(address)));
    }
    if let Some(user_agent) = &call.user_agent {
        add(CLIENT_USER_AGENT, HeaderValue::from_str(user_agent));
    }
    if let Some(token) = &call.user_token {
        let mut value = HeaderValue::try_from(format!("Bearer {}", &**token));
        if let Ok(value) = &mut value {
            value.set_sensitive(true);
        }
        add(http::header::AUTHORIZATION, value);
    }
}

/// An address as text. Those of IPv4 are most, and the formatting machinery would cost more than all
/// other metadata.
fn written(address: IpAddr) -> HeaderValue {
    let IpAddr::V4(address) = address else {
        let text = HeaderValue::try_from(address.to_string());
        return text.expect("an address is ASCII");
    };
    let mut text = Vec::with_capacity("255.255.255.255".len());
    for octet in address.octets() {
        if !text.is_empty() {
            text.push(b'.');
        }
        text.extend_from_slice(itoa::Buffer::new().format(octet).as_bytes());
    }
    HeaderValue::from_maybe_shared(Bytes::from(text)).expect("digits and points are a header value")
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

    #[test]
    fn addresses_are_written_as_everywhere() {
        for text in ["0.0.0.0", "127.0.0.1", "255.90.100.9", "2001:db8::1"] {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(written(address), text);
        }
    }

    #[tokio::test]
    async fn a_call_keeps_a_margin_of_the_deadline_it_was_given() {
        let given = Instant::now() + Duration::from_secs(1);
        let call = CallContext::background("test").with_deadline(given);
        let deadline = deadline(&HeaderMap::new(), Some(&call), false).unwrap();
        assert_eq!(given - deadline, MARGIN);
    }
}

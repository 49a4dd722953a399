//! What Connect needs beyond HTTP.

use std::time::Duration;

use http::{HeaderName, HeaderValue};

use crate::protocol::declared::{Deadline, Declared};

/// Version 1 is the only one.
pub(super) const VERSION: &str = "connect-protocol-version";
/// The coding of messages in a stream.
pub(super) const CONTENT_ENCODING: &str = "connect-content-encoding";
/// Those that the client reads.
pub(super) const ACCEPT_ENCODING: &str = "connect-accept-encoding";
/// How the media types of calls with streams begin.
pub(super) const STREAM: &str = "application/connect+";
/// What stands before the names of trailing metadata, in replies of unary calls.
pub(super) const TRAILER: &str = "trailer-";

/// Unary calls have the media types of HTTP.
pub(crate) static DECLARED: Declared = Declared {
    media_types: &[STREAM],
    compresses: false,
    has_browsers: true,
    deadline: Some(Deadline {
        header: HeaderName::from_static("connect-timeout-ms"),
        read: milliseconds,
    }),
    request_headers: &[
        VERSION,
        "connect-timeout-ms",
        CONTENT_ENCODING,
        ACCEPT_ENCODING,
    ],
    reply_headers: &[CONTENT_ENCODING],
    reserved: Some("connect-"),
    trailer_prefix: Some(TRAILER),
};

/// Milliseconds, in up to ten digits.
fn milliseconds(value: &HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?;
    let is_number = (1..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().ok().map(Duration::from_millis))?
}

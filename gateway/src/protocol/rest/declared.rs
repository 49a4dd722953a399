//! What REST needs beyond HTTP.

use std::time::Duration;

use http::{HeaderName, HeaderValue};

use crate::protocol::declared::{Deadline, Declared};

pub(crate) static DECLARED: Declared = Declared {
    deadline: Some(Deadline {
        header: HeaderName::from_static("request-timeout"),
        read: seconds,
    }),
    request_headers: &["last-event-id", "request-timeout"],
    ..Declared::NOTHING
};

/// Seconds, with a fraction if need be (draft-thomson-hybi-http-timeout).
fn seconds(value: &HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    let is_decimal = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_decimal.then(|| Duration::try_from_secs_f64(text.parse().ok()?).ok())?
}

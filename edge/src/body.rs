//! The body of a request: JSON of limited size, within the deadline.

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use http_body::Body as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use runtime::status::Problem;
use tokio::time::{Instant, timeout_at};

use crate::failure::Failure;

/// Reads it whole. A body that announces its size is refused before it is read. Its type matters where
/// one is `expected`; where none is, whatever comes is too much.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Incoming,
    expected: bool,
    limit: usize,
    deadline: Instant,
) -> Result<Bytes, Failure> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > limit as u64) {
        return Err(Failure::too_large(limit));
    }
    let read = timeout_at(deadline, Limited::new(body, limit).collect()).await;
    match read.map_err(|_| Problem::deadline_exceeded())? {
        Ok(collected) => {
            let bytes = collected.to_bytes();
            if expected && !bytes.is_empty() {
                check_type(headers)?;
            }
            Ok(bytes)
        }
        Err(error) if error.is::<LengthLimitError>() => Err(Failure::too_large(limit)),
        // Nobody is left to read this, as a rule.
        Err(_) => Err(Failure::malformed("the body ended before its end")),
    }
}

/// JSON by any of its names (RFC 6839 section 3.1), or unnamed.
fn check_type(headers: &HeaderMap) -> Result<(), Failure> {
    if headers
        .get(CONTENT_ENCODING)
        .is_some_and(|coding| coding != "identity")
    {
        return Err(Failure::unsupported_content(
            "send the body without a content-encoding",
        ));
    }
    match headers.get(CONTENT_TYPE) {
        Some(value) if !is_json(value) => Err(Failure::unsupported_content(
            "send the body as content-type: application/json",
        )),
        _ => Ok(()),
    }
}

fn is_json(value: &HeaderValue) -> bool {
    let Ok(text) = value.to_str() else {
        return false;
    };
    let mut parts = text.split(';').map(|part| part.trim().to_ascii_lowercase());
    let essence = parts.next().unwrap_or_default();
    let is_json = essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"));
    is_json && parts.all(|part| part.strip_prefix("charset=").is_none_or(is_utf8))
}

fn is_utf8(charset: &str) -> bool {
    matches!(charset.trim_matches('"'), "utf-8" | "utf8" | "us-ascii")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_several_names_and_one_charset() {
        let is_json = |text| is_json(&HeaderValue::from_static(text));
        assert!(is_json("application/json"));
        assert!(is_json("Application/JSON; charset=UTF-8"));
        assert!(is_json("application/merge-patch+json"));
        assert!(!is_json("application/json; charset=latin1"));
        assert!(!is_json("application/x-www-form-urlencoded"));
        assert!(!is_json("text/plain"));
    }
}

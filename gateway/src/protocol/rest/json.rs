//! What a body says that it is.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};

use crate::failure::Failure;

/// JSON by any of its names (RFC 6839 section 3.1), or unnamed.
pub(super) fn check_name(headers: &HeaderMap) -> Result<(), Failure> {
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

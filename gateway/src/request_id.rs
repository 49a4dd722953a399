//! The name of a request through all of its hops, and in the logs.

use std::sync::Arc;

use http::HeaderMap;
use net::metadata::REQUEST_ID;
use net::secrets;
use uuid::Uuid;

/// What the client calls it, if that is short and harmless in a log; a fresh one otherwise.
pub(crate) fn of(headers: &HeaderMap, fresh: impl FnOnce() -> Uuid) -> Arc<str> {
    let sent = headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok());
    match sent.filter(|id| is_harmless(id)) {
        Some(id) => id.into(),
        None => fresh().to_string().into(),
    }
}

fn is_harmless(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/=+".contains(&byte);
    (1..=128).contains(&id.len()) && id.bytes().all(plain) && secrets::masked(id) == id
}

//! Names of the metadata that calls carry.

use http::{HeaderMap, HeaderName, HeaderValue};
use tonic::Code;

use crate::status::{Problem, Reason};

/// The user's access token, `Bearer …`.
pub const AUTHORIZATION: HeaderName = http::header::AUTHORIZATION;
/// The calling workload's token, `Bearer …`.
pub const WORKLOAD_AUTHORIZATION: HeaderName = HeaderName::from_static("x-workload-authorization");
/// Names a request through all of its hops.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Makes a repeated call have its effect once.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The longest idempotency key, in bytes. It is stored with the answer that it stands for.
pub const MAX_IDEMPOTENCY_KEY: usize = 255;
/// The address of the client outside of the mesh; believed from a workload only.
pub const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("x-client-address");
/// The user agent of the client outside of the mesh; believed from a workload only.
pub const CLIENT_USER_AGENT: HeaderName = HeaderName::from_static("x-client-user-agent");
/// Time left for the call (gRPC over HTTP/2, Timeout).
pub const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// How the call ended (gRPC over HTTP/2, Status).
pub const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// The caller's idempotency key, if it sent one: one value of 1 to [`MAX_IDEMPOTENCY_KEY`] printable
/// characters of ASCII. `Err` is INVALID_ARGUMENT.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(no_idempotency_key("it may be sent once"));
    }
    let lengths = 1..=MAX_IDEMPOTENCY_KEY;
    let key = value
        .to_str()
        .ok()
        .filter(|key| lengths.contains(&key.len()));
    key.map(Some).ok_or_else(|| {
        let expected = format!("expected 1 to {MAX_IDEMPOTENCY_KEY} characters of ASCII");
        no_idempotency_key(&expected)
    })
}

fn no_idempotency_key(why: &str) -> Problem {
    let message = format!("{IDEMPOTENCY_KEY}: {why}");
    Problem::new(Reason::MalformedRequest, Code::InvalidArgument, message)
}

/// The token of a `Bearer` credential (RFC 6750, section 2.1).
pub fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

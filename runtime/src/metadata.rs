//! Names of the metadata that calls carry.

use http::HeaderName;

/// The user's access token, `Bearer …`.
pub const AUTHORIZATION: HeaderName = http::header::AUTHORIZATION;
/// The calling workload's token, `Bearer …`.
pub const WORKLOAD_AUTHORIZATION: HeaderName = HeaderName::from_static("x-workload-authorization");
/// Names a request through all of its hops.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Makes a repeated call have its effect once.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The address of the client outside of the mesh; believed from a workload only.
pub const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("x-client-address");
/// The user agent of the client outside of the mesh; believed from a workload only.
pub const CLIENT_USER_AGENT: HeaderName = HeaderName::from_static("x-client-user-agent");
/// Time left for the call (gRPC over HTTP/2, Timeout).
pub const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// How the call ended (gRPC over HTTP/2, Status).
pub const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// The token of a `Bearer` credential (RFC 6750, section 2.1).
pub fn bearer(value: &http::HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

pub(crate) fn text<'a>(headers: &'a http::HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

//! Names of the metadata that calls carry.

use http::{HeaderMap, HeaderName};
use tonic::Code;

use crate::status::{Problem, Reason};

/// The calling workload's token, `Bearer …`.
pub const WORKLOAD_AUTHORIZATION: HeaderName = HeaderName::from_static("x-workload-authorization");
/// Makes a repeated call have its effect once.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The longest idempotency key, in bytes. It is stored with the answer that it stands for.
pub const MAX_IDEMPOTENCY_KEY: usize = 255;
/// The address of the client outside of the mesh; believed from a workload only.
pub const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("x-client-address");
/// The user agent of the client outside of the mesh; believed from a workload only.
pub const CLIENT_USER_AGENT: HeaderName = HeaderName::from_static("x-client-user-agent");

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

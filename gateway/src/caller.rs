//! Who calls, as far as the gateway has to know.

use std::sync::Arc;

use futures::future::BoxFuture;
use tonic::Status;

/// Who calls.
pub trait Caller: Send + Sync {
    /// As limits count it.
    fn id(&self) -> &Arc<str>;

    /// The token that upstreams get, to judge it themselves; none if it stays here.
    fn token(&self) -> Option<&str>;

    /// Completes when the caller may no longer go on with what it has begun, with the reason: a token
    /// has expired, a session has ended.
    fn over(&self) -> BoxFuture<'_, Status>;
}

//! Who calls, as far as the gateway has to know.

use std::sync::Arc;

use futures::future::{BoxFuture, pending};
use http::HeaderMap;
use tonic::Status;

/// Who calls.
pub trait Caller: Send + Sync {
    /// As limits count it.
    fn id(&self) -> &Arc<str>;

    /// What kind of caller it is, as metrics call it: one of a few.
    fn class(&self) -> &'static str {
        "user"
    }

    /// The token that upstreams get, to judge it themselves; none if it stays here.
    fn token(&self) -> Option<&str>;

    /// What upstreams learn of it as metadata, by the names that the plan keeps for callers
    /// ([`crate::Plan::caller_metadata`]).
    fn metadata(&self) -> Option<&HeaderMap> {
        None
    }

    /// Completes when the caller may no longer go on with what it has begun, with the reason: a token
    /// has expired, a session has ended.
    fn over(&self) -> BoxFuture<'_, Status>;
}

/// A caller of whom nothing but the name is known: limits count by it, upstreams do not learn it, and what
/// was begun goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedCaller(Arc<str>);

impl NamedCaller {
    /// The caller of that name.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }
}

impl Caller for NamedCaller {
    fn id(&self) -> &Arc<str> {
        &self.0
    }

    fn token(&self) -> Option<&str> {
        None
    }

    fn over(&self) -> BoxFuture<'_, Status> {
        Box::pin(pending())
    }
}

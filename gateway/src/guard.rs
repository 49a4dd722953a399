//! Who may call: what a gateway leaves to whoever knows its users.

use std::borrow::Cow;
use std::sync::Arc;

use futures::future::BoxFuture;
use http::request::Parts;
use net::metadata::{AUTHORIZATION, bearer};
use tonic::Status;

use crate::caller::Caller;
use crate::context::Context;

/// Decides who may call a method. A method without a guard is open to anybody, and what its callers
/// present is not looked at.
pub trait Guard: Send + Sync {
    /// The caller of a request, who may make it; none if it is nobody whom the guard knows, and nobody
    /// needs to be known. `Err` is UNAUTHENTICATED or PERMISSION_DENIED, told word for word; its metadata
    /// may have `www-authenticate`, the challenge that clients of HTTP get.
    fn admit<'a>(
        &'a self,
        asked: Asked<'a>,
    ) -> BoxFuture<'a, Result<Option<Arc<dyn Caller>>, Status>>;
}

/// A request that a guard decides about, before its body is read.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// Its headers, path and query.
    pub head: &'a Parts,
    /// What it opens.
    pub opening: Opening,
    /// What is known of it beside.
    pub context: &'a Context,
}

/// What a request opens. Browsers' own means of opening streams set no headers, so that a guard may
/// take what is in the query there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// A call whose client can set headers.
    Call,
    /// A stream.
    Stream,
    /// A stream that its client opens again by itself whenever it breaks off.
    EventSource,
}

/// Whether a request has credentials of a kind that is known here, be they good or not: a bearer token,
/// or what stands for it in the guards' own `parameter` of the query.
pub(crate) fn are_presented(head: &Parts, opening: Opening, parameter: Option<&str>) -> bool {
    match head.headers.get(AUTHORIZATION) {
        Some(value) => bearer(value).is_some(),
        None => {
            let query = head.uri.query();
            opening != Opening::Call && parameter.is_some_and(|name| value(query, name).is_some())
        }
    }
}

/// The first value of that name in a query.
pub fn value<'a>(query: Option<&'a str>, name: &str) -> Option<Cow<'a, str>> {
    let mut parameters = form_urlencoded::parse(query?.as_bytes());
    let found = parameters.find(|(parameter, _)| parameter == name);
    found.map(|(_, value)| value)
}

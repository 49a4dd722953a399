//! What the port speaks. Each protocol has a room of its own, where a request is recognised, its
//! messages are read and written, and its errors get their form; what holds for all of them is in
//! `pipeline`.

use http::Response;
use http::request::Parts;
use hyper::body::Incoming;

use crate::Edge;
use crate::failure::Failure;
use crate::pipeline::Admitted;
use crate::policy::Policy;
use crate::reply::Body;

pub(crate) mod rest;

/// A request of one protocol, which has found its method.
pub(crate) trait Protocol: Sync {
    /// What holds for the method.
    fn policy<'a>(&'a self, edge: &'a Edge) -> &'a Policy;

    /// Whether a ticket may stand for the token: for clients that cannot set headers.
    fn takes_tickets(&self) -> bool {
        false
    }

    /// Steps 12 to 14, for a caller who may.
    fn serve(
        &self,
        admitted: Admitted<'_>,
        head: Parts,
        body: Incoming,
    ) -> impl Future<Output = Result<Response<Body>, Failure>> + Send;

    /// The reply that tells why not.
    fn refuse(&self, edge: &Edge, failure: &Failure) -> Response<Body>;
}

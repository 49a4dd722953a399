//! What proves to a callee who calls.

use std::fmt;

use futures::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue};
use tonic::Status;

/// One credential for all calls of a channel, kept fresh by whoever gives it.
pub trait Credentials: fmt::Debug + Send + Sync {
    /// The header that it travels in.
    fn header(&self) -> HeaderName;

    /// As it is now, if there is one.
    fn at_hand(&self) -> Option<HeaderValue>;

    /// Waits for the first one; none if there will be none.
    fn get(&self) -> BoxFuture<'_, Result<Option<HeaderValue>, Status>>;

    /// What the caller is told instead, if a reply says that it is the credential which the callee does
    /// not believe: that is for us to mend, and not for whoever the call is made for.
    fn refused(&self, _callee: &str, _reply: &HeaderMap) -> Option<Status> {
        None
    }
}

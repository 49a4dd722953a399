//! What proves to a callee who calls.

use std::fmt;

use futures::future::BoxFuture;
use http::{HeaderName, HeaderValue};
use tonic::Status;

/// One credential for all calls of a channel, kept fresh by whoever gives it.
pub trait Credentials: fmt::Debug + Send + Sync {
    /// The header that it travels in.
    fn header(&self) -> HeaderName;

    /// As it is now, if there is one.
    fn at_hand(&self) -> Option<HeaderValue>;

    /// Waits for the first one; none if there will be none.
    fn get(&self) -> BoxFuture<'_, Result<Option<HeaderValue>, Status>>;
}

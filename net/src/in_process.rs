//! Calls that need no socket: who answers them is in this process.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use http::{Request, Response};
use tonic::body::Body;

/// A server in this process. What is between caller and server otherwise (connections, their loss) is its
/// own matter.
#[derive(Clone)]
pub struct InProcess(Arc<dyn Fn(Request<Body>) -> Answering + Send + Sync>);

/// An answer that is being made.
pub type Answering = BoxFuture<'static, Result<Response<Body>, Unanswered>>;

/// Why a request got no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// Nothing was done with it.
    NotHandled(String),
    /// Nobody knows what was done with it.
    Unknown(String),
}

impl InProcess {
    /// Whoever answers requests of gRPC.
    pub fn new(server: impl Fn(Request<Body>) -> Answering + Send + Sync + 'static) -> InProcess {
        InProcess(Arc::new(server))
    }

    pub(crate) fn answer(&self, request: Request<Body>) -> Answering {
        (self.0)(request)
    }
}

impl PartialEq for InProcess {
    fn eq(&self, other: &InProcess) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for InProcess {}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

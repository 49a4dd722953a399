//! The request in progress.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use net::client::Along;
use net::telemetry::Trace;
use tokio::time::Instant;
use tracing::Span;

use crate::access_log::Entry;
use crate::caller::Caller;

/// What is known of the request in progress, and goes along with its call.
#[derive(Clone)]
pub struct Context {
    /// Names the request through all of its hops.
    pub request_id: Arc<str>,
    /// The address of the client.
    pub client_address: IpAddr,
    /// The program that the client says it is.
    pub user_agent: Option<Arc<str>>,
    /// When whoever asks stops waiting; none of a stream that nobody has bounded.
    pub deadline: Option<Instant>,
    /// The trace that it belongs to.
    pub trace: Trace,
    /// The span that names it in log lines.
    pub span: Span,
    /// Who calls, once that is known.
    pub(crate) caller: Option<Arc<dyn Caller>>,
    /// Its line of the access log, if there is one.
    pub(crate) entry: Option<Arc<Entry>>,
}

impl Context {
    /// What upstreams learn of it.
    pub(crate) fn along(&self) -> Along<'_> {
        Along {
            request_id: &self.request_id,
            client_address: Some(self.client_address),
            user_agent: self.user_agent.as_deref(),
            user_token: self.caller.as_ref().and_then(|caller| caller.token()),
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("request_id", &self.request_id)
            .field("client_address", &self.client_address)
            .field("is_of_nobody", &self.caller.is_none())
            .finish_non_exhaustive()
    }
}

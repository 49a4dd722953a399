//! A call beside its request.

use std::sync::Arc;

use tokio::time::Instant;

use crate::telemetry::Trace;

/// What is known of a call beside its request.
#[derive(Clone, Debug)]
pub struct Call {
    /// `package.Service/Method`, as traces and metrics name it.
    pub method: Arc<str>,
    /// Whether the client sends a stream, which cannot be sent a second time.
    pub client_streaming: bool,
    /// Whether the server sends a stream, which may last for long.
    pub server_streaming: bool,
    /// Whether the callee answers nobody whom it does not know, so that credentials are waited for.
    pub needs_credentials: bool,
    /// When whoever waits for it stops waiting; beside the request's own `grpc-timeout`.
    pub deadline: Option<Instant>,
    /// The trace that goes along.
    pub trace: Option<Trace>,
}

impl Call {
    /// One message and one reply, of which nothing else is known.
    pub fn unary(path: &str) -> Call {
        Call {
            method: path.trim_start_matches('/').into(),
            client_streaming: false,
            server_streaming: false,
            needs_credentials: true,
            deadline: None,
            trace: None,
        }
    }
}

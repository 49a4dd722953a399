//! What an upstream says beside its messages.

use http::{HeaderMap, HeaderValue};
use tonic::Status;

/// What it says beside its message.
#[derive(Debug, Default)]
pub(crate) struct Metadata {
    /// Before the message. Nothing, if the reply is an error alone.
    pub(crate) leading: HeaderMap,
    /// After it, or with the error.
    pub(crate) trailing: HeaderMap,
}

impl Metadata {
    /// A part of the gRPC status.
    pub(crate) fn status(&self, name: &str) -> Option<&HeaderValue> {
        let trailing = self.trailing.get(name);
        trailing.or_else(|| self.leading.get(name))
    }
}

/// An error instead of a reply.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: Status,
    /// If the upstream is who said it.
    pub(crate) metadata: Option<Box<Metadata>>,
}

impl Refusal {
    pub(crate) fn with(status: Status, leading: HeaderMap, trailing: HeaderMap) -> Self {
        let metadata = Metadata { leading, trailing };
        Self {
            status,
            metadata: Some(Box::new(metadata)),
        }
    }
}

impl From<Status> for Refusal {
    fn from(status: Status) -> Self {
        let metadata = None;
        Self { status, metadata }
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        refusal.status
    }
}

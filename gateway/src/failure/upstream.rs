//! What upstreams and the client stack say.

use http::HeaderMap;
use tonic::Status;
use transcoder::Route;

use super::{Failure, Problem, Said};
use crate::metadata;
use crate::wire::said::{Metadata, Refusal};

impl Failure {
    /// What an upstream said of a request by this route.
    pub(crate) fn of_upstream(refusal: Refusal, route: &Route) -> Self {
        let body_field = match route.body() {
            transcoder::Body::Field(field) => Some(field.clone()),
            _ => None,
        };
        Self {
            body_field,
            beside: refusal.metadata,
            ..Self::from(refusal.status)
        }
    }

    /// What an upstream said beside its error, word for word, if the call was a unary one.
    pub(crate) fn beside(&self) -> Option<&Metadata> {
        self.beside.as_deref()
    }

    /// Whether it came back from the call, rather than before it.
    pub(crate) fn is_of_upstream(&self) -> bool {
        self.is_of_upstream
    }

    /// Whether the upstream has no part in it.
    pub(crate) fn is_of_gateway(&self) -> bool {
        !matches!(self.said, Said::Upstream(_))
    }

    /// With the metadata that led the reply, which stays apart from what came with the error.
    pub(crate) fn led_by(mut self, leading: HeaderMap) -> Self {
        self.beside = Some(Box::new(Metadata {
            leading,
            ..Metadata::default()
        }));
        self
    }

    /// With what the upstream had said before it failed.
    pub(crate) fn after(mut self, leading: &HeaderMap) -> Self {
        let mut said = metadata::returned(leading);
        said.extend(self.metadata.take().map(|own| *own).unwrap_or_default());
        self.metadata = Some(Box::new(said));
        self
    }
}

impl From<Status> for Failure {
    /// What came back from a call: of the upstream, or of the gateway, which could not reach it.
    fn from(mut status: Status) -> Self {
        let metadata = std::mem::take(status.metadata_mut()).into_headers();
        let said = match Problem::of(&status) {
            Some(problem) => Said::Gateway(Box::new(problem)),
            None => Said::Upstream(status),
        };
        Self {
            metadata: (!metadata.is_empty()).then(|| Box::new(metadata)),
            is_of_upstream: true,
            ..Self::of(said)
        }
    }
}

//! What upstreams and the client stack say, as clients hear it.

use http::HeaderMap;
use runtime::status::{self, Problem, Reason};
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};
use transcoder::Route;

use super::{Failure, Origin};
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

    /// What the upstream said, word for word.
    pub(crate) fn said(&self) -> &Status {
        match &self.origin {
            Origin::Altered(said) => said,
            Origin::Edge | Origin::Upstream => &self.status,
        }
    }

    pub(crate) fn is_of_upstream(&self) -> bool {
        !matches!(self.origin, Origin::Edge)
    }

    /// With what the upstream had said before it failed.
    pub(crate) fn after(mut self, leading: &HeaderMap) -> Self {
        let mut said = metadata::returned(leading);
        said.extend(std::mem::take(self.status.metadata_mut()).into_headers());
        *self.status.metadata_mut() = MetadataMap::from_headers(said);
        self
    }
}

impl From<Status> for Failure {
    /// The status of an upstream or of the client stack. One that names no reason gets the one its
    /// code stands for, and what an upstream says of its own faults stays here.
    fn from(mut status: Status) -> Self {
        let metadata = std::mem::take(status.metadata_mut());
        let told = match status.code() {
            Code::Internal | Code::Unknown | Code::DataLoss
                if status::reason(&status).is_none() =>
            {
                Some(Problem::internal(&status))
            }
            _ if status.details().is_empty() => reason_of(status.code())
                .map(|reason| Problem::new(reason, status.code(), status.message())),
            _ => None,
        };
        let mut failure = match told {
            Some(problem) => Self::of(problem.into(), Origin::Altered(status)),
            None => Self::of(status, Origin::Upstream),
        };
        *failure.status.metadata_mut() = metadata;
        failure
    }
}

fn reason_of(code: Code) -> Option<Reason> {
    Some(match code {
        Code::InvalidArgument | Code::OutOfRange => Reason::InvalidField,
        Code::Unauthenticated => Reason::TokenInvalid,
        Code::PermissionDenied => Reason::AccessDenied,
        Code::NotFound => Reason::ResourceNotFound,
        Code::AlreadyExists => Reason::ResourceExists,
        Code::DeadlineExceeded => Reason::DeadlineExceeded,
        Code::Cancelled => Reason::Cancelled,
        Code::Unavailable => Reason::DependencyUnavailable,
        Code::ResourceExhausted => Reason::Overloaded,
        Code::Unimplemented => Reason::Unimplemented,
        Code::FailedPrecondition => Reason::InvalidState,
        _ => return None,
    })
}

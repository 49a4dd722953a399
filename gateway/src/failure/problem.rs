//! What the gateway itself says is wrong.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use net::client::Lost;
use tonic::{Code, Status};
use tonic_types::ErrorDetails;

macro_rules! reasons {
    ($($(#[$doc:meta])* $reason:ident = $name:literal,)+) => {
        /// Why the gateway refuses a request, or what it takes the code of an upstream for that names
        /// no reason.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reason {
            $($(#[$doc])* $reason,)+
        }

        impl Reason {
            /// All of them.
            pub const ALL: &[Reason] = &[$(Reason::$reason),+];

            /// As `google.rpc.ErrorInfo` has it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Reason::$reason => $name,)+
                }
            }
        }
    };
}

reasons! {
    /// An origin that may not connect.
    AccessDenied = "ACCESS_DENIED",
    /// The client or the upstream called it off.
    Cancelled = "CANCELLED",
    /// Time is over.
    DeadlineExceeded = "DEADLINE_EXCEEDED",
    /// The upstream does not answer.
    DependencyUnavailable = "DEPENDENCY_UNAVAILABLE",
    /// The resource is not as a condition of the request has it.
    EtagMismatch = "ETAG_MISMATCH",
    /// A fault of the gateway's or of the upstream's.
    Internal = "INTERNAL",
    /// A field is not as it should be.
    InvalidField = "INVALID_FIELD",
    /// The state of a resource does not allow it.
    InvalidState = "INVALID_STATE",
    /// What was sent cannot be read.
    MalformedRequest = "MALFORMED_REQUEST",
    /// The path has other methods.
    MethodNotAllowed = "METHOD_NOT_ALLOWED",
    /// There is no room for more at the moment.
    Overloaded = "OVERLOADED",
    /// More requests than the quota has.
    RateLimited = "RATE_LIMITED",
    /// More bytes than are allowed.
    RequestTooLarge = "REQUEST_TOO_LARGE",
    /// Bytes come too slowly.
    RequestTooSlow = "REQUEST_TOO_SLOW",
    /// There is such a resource already.
    ResourceExists = "RESOURCE_EXISTS",
    /// There is no such resource.
    ResourceNotFound = "RESOURCE_NOT_FOUND",
    /// Nothing has this path.
    RouteNotFound = "ROUTE_NOT_FOUND",
    /// The caller's token does not hold.
    TokenInvalid = "TOKEN_INVALID",
    /// More streams than one client may have open.
    TooManyStreams = "TOO_MANY_STREAMS",
    /// No such method is served.
    Unimplemented = "UNIMPLEMENTED",
    /// A form or coding that is not read here.
    UnsupportedContentType = "UNSUPPORTED_CONTENT_TYPE",
}

impl Reason {
    /// What an upstream means that says no more than a code.
    pub(super) fn of(code: Code) -> Option<Reason> {
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
}

/// What is wrong, before it is put into words for a client.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(super) code: Code,
    pub(super) reason: Reason,
    pub(super) message: String,
    pub(super) metadata: HashMap<String, String>,
    pub(super) details: ErrorDetails,
}

impl Problem {
    pub(crate) fn new(reason: Reason, code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            metadata: HashMap::new(),
            details: ErrorDetails::new(),
        }
    }

    /// UNAVAILABLE: an upstream does not answer; come again in a second.
    pub(crate) fn unavailable(what: &str) -> Self {
        let message = format!("{what} does not answer");
        Self::new(Reason::DependencyUnavailable, Code::Unavailable, message)
            .retry_after(Duration::from_secs(1))
    }

    /// UNAVAILABLE: an upstream has no time; come again in a second.
    pub(crate) fn overloaded() -> Self {
        let message = "the server has more work than it can do";
        Self::new(Reason::Overloaded, Code::Unavailable, message)
            .retry_after(Duration::from_secs(1))
    }

    /// DEADLINE_EXCEEDED.
    pub(crate) fn deadline_exceeded() -> Self {
        let message = "the deadline passed before the work was done";
        Self::new(Reason::DeadlineExceeded, Code::DeadlineExceeded, message)
    }

    /// INTERNAL: the error is in the log, and not sent.
    pub(crate) fn internal(error: &dyn Error) -> Self {
        tracing::error!(error = net::causes(error), "internal error");
        Self::new(Reason::Internal, Code::Internal, "internal error")
    }

    /// A call to that upstream came to nothing on its way.
    pub(crate) fn lost(lost: Lost, upstream: &str) -> Self {
        match lost {
            Lost::NoAddress | Lost::Tripped => Self::unavailable(upstream),
            Lost::Unavailable => Self::unavailable(upstream).metadata("service", upstream),
            Lost::Broken => Self::unavailable("the connection"),
            Lost::DeadlineExceeded => Self::deadline_exceeded(),
        }
    }

    /// Adds a pair to the ErrorInfo's metadata.
    pub(crate) fn metadata(mut self, key: &str, value: &str) -> Self {
        self.metadata.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Adds a violation to BadRequest; `path` as REST writes it, such as `items[2].quantity`.
    pub(crate) fn field(mut self, path: String, description: String) -> Self {
        self.details.add_bad_request_violation(path, description);
        self
    }

    /// Sets RetryInfo.
    pub(crate) fn retry_after(mut self, delay: Duration) -> Self {
        self.details.set_retry_info(Some(delay));
        self
    }

    /// Of a status that it has become on its way to the client.
    pub(super) fn of(status: &Status) -> Option<Self> {
        let source = status.source()?;
        match source.downcast_ref::<InStatus>() {
            Some(InStatus(problem)) => Some(problem.clone()),
            None => Lost::of(status).map(|lost| Self::lost(lost, "the connection")),
        }
    }
}

/// Whether a call was lost between here and the upstream, rather than refused by it.
pub(crate) fn is_of_this_hop(status: &Status) -> bool {
    Problem::of(status).is_some_and(|problem| problem.metadata.contains_key("service"))
}

/// The problem that a status is: on the way of a call there are statuses alone.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.message)]
struct InStatus(Problem);

impl From<Problem> for Status {
    fn from(problem: Problem) -> Self {
        let mut status = Status::new(problem.code, problem.message.clone());
        status.set_source(Arc::new(InStatus(problem)));
        status
    }
}

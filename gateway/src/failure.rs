//! Why a request was not done, the gateway's own reasons and those of upstreams. Each protocol gives it
//! the form that its clients read.

use std::borrow::Cow;
use std::sync::LazyLock;
use std::time::Duration;

use http::header::{ALLOW, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tonic::{Code, Status};
use transcoder::prost_reflect::FieldDescriptor;

use crate::reply;
use crate::wire::said::Metadata;

mod http_terms;
pub(crate) mod paths;
mod problem;
mod unfit;
mod upstream;
mod voice;

pub use problem::Reason;
pub(crate) use problem::{Problem, is_of_this_hop};
pub use voice::Voice;

static NOTHING: LazyLock<HeaderMap> = LazyLock::new(HeaderMap::new);

/// Why a request was not done: what somebody said, and what HTTP has to say beyond it.
#[derive(Debug)]
pub(crate) struct Failure {
    said: Said,
    /// Where HTTP has a status that `google.rpc.Code` has no counterpart for.
    http: Option<StatusCode>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// The field of the request that the body was, if it was one.
    body_field: Option<FieldDescriptor>,
    /// What an upstream said beside its error, as far as clients may learn it.
    metadata: Option<Box<HeaderMap>>,
    beside: Option<Box<Metadata>>,
    /// It came back from the call, rather than before it.
    is_of_upstream: bool,
    instead_of: InsteadOf,
    /// The rest of the request's body is not read.
    is_unread: bool,
    /// The request had no credentials that are known here.
    is_of_nobody: bool,
}

/// What would have stood where the error does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InsteadOf {
    /// The only reply.
    Reply,
    /// The messages of a stream.
    Messages,
    /// The pieces of a stream of `google.api.HttpBody`.
    Pieces,
}

/// Who says it.
#[derive(Debug)]
enum Said {
    Gateway(Box<Problem>),
    /// Whoever decides about callers, word for word.
    Guard(Status),
    Upstream(Status),
}

impl Failure {
    pub(crate) fn new(problem: Problem) -> Self {
        Self::of(Said::Gateway(Box::new(problem)))
    }

    /// Of whoever decides about callers, and may have a challenge of its own.
    pub(crate) fn of_guard(mut status: Status) -> Self {
        let mut metadata = std::mem::take(status.metadata_mut()).into_headers();
        let challenge = metadata.remove(WWW_AUTHENTICATE);
        let challenge = challenge.map(|challenge| (WWW_AUTHENTICATE, challenge));
        Self::of(Said::Guard(status)).with_headers(challenge)
    }

    fn of(said: Said) -> Self {
        Self {
            said,
            http: None,
            headers: Vec::new(),
            body_field: None,
            metadata: None,
            beside: None,
            is_of_upstream: false,
            instead_of: InsteadOf::Reply,
            is_unread: false,
            is_of_nobody: false,
        }
    }

    pub(crate) fn with_http(mut self, http: StatusCode) -> Self {
        self.http = Some(http);
        self
    }

    /// With further headers for protocols whose errors have some.
    pub(crate) fn with_headers(
        mut self,
        headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
    ) -> Self {
        self.headers.extend(headers);
        self
    }

    /// 404: nothing has this path.
    pub(crate) fn no_route() -> Self {
        let message = "nothing has this path";
        Self::new(Problem::new(Reason::RouteNotFound, Code::NotFound, message))
    }

    /// 405: the path has other methods.
    pub(crate) fn method_not_allowed(allow: &[Method]) -> Self {
        let allow = reply::listed(allow);
        let message = format!("this path has {}", allow.to_str().unwrap_or_default());
        let problem = Problem::new(Reason::MethodNotAllowed, Code::Unimplemented, message);
        Self::new(problem)
            .with_http(StatusCode::METHOD_NOT_ALLOWED)
            .with_headers([(ALLOW, allow)])
    }

    /// 429: one request too many.
    pub(crate) fn rate_limited(policy: &str, wait: Duration) -> Self {
        let message = format!("too many requests of one {policy}");
        let problem = Problem::new(Reason::RateLimited, Code::ResourceExhausted, message);
        Self::new(problem.metadata("policy", policy).retry_after(wait))
    }

    /// 429: one stream too many, for as long as the others are open.
    pub(crate) fn too_many_streams(limit: &str, most: usize) -> Self {
        let message = format!("{most} streams of one {limit} are open; close one first");
        let problem = Problem::new(Reason::TooManyStreams, Code::ResourceExhausted, message);
        Self::new(problem.metadata("limit", limit))
    }

    /// 503: the gateway is going away.
    pub(crate) fn shutting_down() -> Self {
        let message = "the server is shutting down; connect again";
        let problem = Problem::new(Reason::Overloaded, Code::Unavailable, message);
        Self::new(problem.retry_after(Duration::from_secs(1)))
    }

    /// Of a call from which this would have come.
    pub(crate) fn instead(self, instead_of: InsteadOf) -> Self {
        Self { instead_of, ..self }
    }

    /// Of a request without credentials, or with ones of a scheme that is not ours.
    pub(crate) fn of_nobody(self) -> Self {
        Self {
            is_of_nobody: true,
            ..self
        }
    }

    /// The rest of the request's body is not read.
    fn unread(self) -> Self {
        let is_unread = true;
        Self { is_unread, ..self }
    }

    /// Whether the rest of the request's body is not read, so that no request can follow on a
    /// connection of HTTP/1.1 (RFC 9112, section 9.6).
    pub(crate) fn is_unread(&self) -> bool {
        self.is_unread
    }

    /// What would have stood where it does.
    pub(crate) fn instead_of(&self) -> InsteadOf {
        self.instead_of
    }

    /// The field of the request that the body was, if it was one.
    pub(crate) fn body_field(&self) -> Option<&FieldDescriptor> {
        self.body_field.as_ref()
    }

    pub(crate) fn code(&self) -> Code {
        match &self.said {
            Said::Gateway(problem) => problem.code,
            Said::Guard(status) | Said::Upstream(status) => status.code(),
        }
    }

    pub(crate) fn message(&self) -> &str {
        match &self.said {
            Said::Gateway(problem) => &problem.message,
            Said::Guard(status) | Said::Upstream(status) => status.message(),
        }
    }

    /// The gateway's own reason.
    pub(crate) fn own_reason(&self) -> Option<&'static str> {
        match &self.said {
            Said::Gateway(problem) => Some(problem.reason.name()),
            Said::Guard(_) | Said::Upstream(_) => None,
        }
    }

    /// The status that clients are told, without metadata.
    pub(crate) fn told(&self, voice: &Voice) -> Cow<'_, Status> {
        match &self.said {
            Said::Gateway(problem) => Cow::Owned(voice.worded(problem)),
            Said::Guard(status) => Cow::Borrowed(status),
            Said::Upstream(status) => voice.told(status),
        }
    }

    /// What was said, word for word.
    pub(crate) fn word_for_word(&self, voice: &Voice) -> Cow<'_, Status> {
        match &self.said {
            Said::Upstream(status) => Cow::Borrowed(status),
            Said::Gateway(_) | Said::Guard(_) => self.told(voice),
        }
    }

    /// What an upstream said beside its error, as far as clients may learn it.
    pub(crate) fn metadata(&self) -> &HeaderMap {
        self.metadata.as_deref().unwrap_or(&NOTHING)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::new(problem)
    }
}

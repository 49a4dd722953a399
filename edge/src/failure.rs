//! Why a request was not done, the edge's own reasons and those of upstreams. Each protocol gives it
//! the form that its clients read.

use std::time::Duration;

use http::header::ALLOW;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use runtime::status::{Problem, Reason};
use tonic::{Code, Status};
use transcoder::prost_reflect::FieldDescriptor;

use crate::wire::said::Metadata;

mod http_terms;
pub(crate) mod paths;
mod unfit;
mod upstream;

/// Why a request was not done: a gRPC status, and what HTTP has to say beyond it.
#[derive(Debug)]
pub(crate) struct Failure {
    status: Status,
    /// Where HTTP has a status that `google.rpc.Code` has no counterpart for.
    http: Option<StatusCode>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// The field of the request that the body was, if it was one.
    body_field: Option<FieldDescriptor>,
    origin: Origin,
    beside: Option<Box<Metadata>>,
    /// It stands where the messages of a stream would.
    is_in_stream: bool,
    /// The rest of the request's body is not read.
    is_unread: bool,
    /// The request had no credentials that the edge knows.
    is_of_nobody: bool,
}

/// Who says it.
#[derive(Debug)]
enum Origin {
    Edge,
    /// Word for word.
    Upstream,
    /// The upstream, in these words; clients hear what they can do with.
    Altered(Status),
}

impl Failure {
    pub(crate) fn new(problem: Problem) -> Self {
        Self::of(Status::from(problem), Origin::Edge)
    }

    fn of(status: Status, origin: Origin) -> Self {
        Self {
            status,
            http: None,
            headers: Vec::new(),
            body_field: None,
            origin,
            beside: None,
            is_in_stream: false,
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
        let allow = allow
            .iter()
            .map(Method::as_str)
            .collect::<Vec<_>>()
            .join(", ");
        let message = format!("this path has {allow}");
        let problem = Problem::new(Reason::MethodNotAllowed, Code::Unimplemented, message);
        let allow = HeaderValue::try_from(allow).expect("methods are tokens of visible ASCII");
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

    /// 503: the edge is going away.
    pub(crate) fn shutting_down() -> Self {
        let message = "the server is shutting down; connect again";
        let problem = Problem::new(Reason::Overloaded, Code::Unavailable, message);
        Self::new(problem.retry_after(Duration::from_secs(1)))
    }

    /// Of a call whose messages would have followed.
    pub(crate) fn in_stream(self) -> Self {
        Self {
            is_in_stream: true,
            ..self
        }
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

    /// Whether it stands where the messages of a stream would.
    pub(crate) fn is_in_stream(&self) -> bool {
        self.is_in_stream
    }

    /// The field of the request that the body was, if it was one.
    pub(crate) fn body_field(&self) -> Option<&FieldDescriptor> {
        self.body_field.as_ref()
    }

    /// The status, as upstreams would have sent it.
    pub(crate) fn status(&self) -> &Status {
        &self.status
    }

    /// What an upstream said beside its error, as far as clients may learn it.
    pub(crate) fn metadata(&self) -> &HeaderMap {
        self.status.metadata().as_ref()
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::new(problem)
    }
}

//! Errors, the edge's own and those of upstreams, as the one JSON that clients see.

use std::time::Duration;

use http::header::{ACCEPT_ENCODING, ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use net::coding::Corrupt;
use runtime::status::{self, Problem, Reason};
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};
use transcoder::prost_reflect::FieldDescriptor;
use transcoder::{BadRequest, FieldViolation, JsonError, Route, Transcoder};

use crate::call::{Metadata, Refusal};
use crate::limits::whole_seconds;
use crate::metadata;

mod forms;
mod paths;

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

    fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
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
            .with_header(ALLOW, allow)
    }

    /// 413: the body is larger than allowed.
    pub(crate) fn too_large(limit: usize) -> Self {
        let message = format!("the body is larger than {limit} bytes");
        let problem = Problem::new(Reason::RequestTooLarge, Code::InvalidArgument, message);
        let failure = Self::new(problem).with_http(StatusCode::PAYLOAD_TOO_LARGE);
        failure.unread()
    }

    /// RESOURCE_EXHAUSTED: as gRPC calls it when a message is larger than allowed.
    pub(crate) fn message_too_large(limit: usize) -> Self {
        let message = format!("the message is larger than {limit} bytes");
        let problem = Problem::new(Reason::RequestTooLarge, Code::ResourceExhausted, message);
        Self::new(problem).unread()
    }

    /// What is said of a body, said of the message that it is.
    pub(crate) fn of_message(self, limit: usize) -> Self {
        match self.http {
            Some(StatusCode::PAYLOAD_TOO_LARGE) => Self::message_too_large(limit),
            _ => self,
        }
    }

    /// 413: one of several messages is larger than allowed.
    pub(crate) fn too_large_at(limit: usize, place: &str) -> Self {
        let message = format!("{place}: a message is larger than {limit} bytes");
        let problem = Problem::new(Reason::RequestTooLarge, Code::InvalidArgument, message);
        let failure = Self::new(problem).with_http(StatusCode::PAYLOAD_TOO_LARGE);
        failure.unread()
    }

    /// 415: the body is packed in a way that is not known here (RFC 9110, section 15.5.16).
    pub(crate) fn unsupported_coding(message: &str) -> Self {
        let codings = HeaderValue::from_static("gzip, zstd");
        Self::unsupported_content(message).with_header(ACCEPT_ENCODING, codings)
    }

    /// 415: the body is in no form that can be read.
    pub(crate) fn unsupported_content(message: &str) -> Self {
        let problem = Problem::new(
            Reason::UnsupportedContentType,
            Code::InvalidArgument,
            message,
        );
        Self::new(problem).with_http(StatusCode::UNSUPPORTED_MEDIA_TYPE)
    }

    /// 400: what was sent cannot be read; the message says what.
    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(Problem::new(
            Reason::MalformedRequest,
            Code::InvalidArgument,
            message,
        ))
    }

    /// 400: what was sent does not fit its route.
    pub(crate) fn unfit(error: BadRequest, route: &Route) -> Self {
        let mut error = error;
        if let transcoder::Body::Field(field) = route.body() {
            for violation in &mut error.violations {
                violation.field = paths::in_body(&violation.field, field).to_owned();
            }
        }
        Self::bad_request(error)
    }

    /// 400: the same of one of several messages.
    pub(crate) fn unfit_at(mut error: BadRequest, route: &Route, place: &str) -> Self {
        for violation in &mut error.violations {
            violation.description = format!("{place}: {}", violation.description);
        }
        Self::unfit(error, route)
    }

    /// 400: JSON that is not the message it should be.
    pub(crate) fn unreadable(error: JsonError) -> Self {
        let JsonError { path, description } = error;
        let violation = FieldViolation {
            field: path,
            description,
        };
        Self::bad_request(BadRequest {
            violations: vec![violation],
        })
    }

    fn bad_request(error: BadRequest) -> Self {
        let message = error.message();
        let problem = Problem::new(Reason::MalformedRequest, Code::InvalidArgument, message);
        let violations = error.violations.into_iter();
        Self::new(violations.fold(problem, |problem, violation| {
            problem.field(violation.field, violation.description)
        }))
    }

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

    /// What an upstream said beside its error, word for word, if the call was a unary one.
    pub(crate) fn beside(&self) -> Option<&Metadata> {
        self.beside.as_deref()
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

    /// 408: what has begun to come does not come on.
    pub(crate) fn too_slow(least: u32) -> Self {
        let message = format!("the request comes too slowly: less than {least} bytes a second");
        let problem = Problem::new(Reason::RequestTooSlow, Code::DeadlineExceeded, message);
        let failure = Self::new(problem).with_http(StatusCode::REQUEST_TIMEOUT);
        failure.unread()
    }

    /// 503: what is held of bodies is all that may be.
    pub(crate) fn no_memory() -> Self {
        let message = "too much is being received at the same time; come again";
        let problem = Problem::new(Reason::Overloaded, Code::Unavailable, message);
        Self::new(problem.retry_after(Duration::from_secs(1))).unread()
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

    /// 503: the edge is going away.
    pub(crate) fn shutting_down() -> Self {
        let message = "the server is shutting down; connect again";
        let problem = Problem::new(Reason::Overloaded, Code::Unavailable, message);
        Self::new(problem.retry_after(Duration::from_secs(1)))
    }

    /// With further headers for protocols whose errors have some.
    pub(crate) fn with_headers(
        mut self,
        headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
    ) -> Self {
        self.headers.extend(headers);
        self
    }

    /// With what the upstream had said before it failed.
    pub(crate) fn after(mut self, leading: &HeaderMap) -> Self {
        let mut said = metadata::returned(leading);
        said.extend(std::mem::take(self.status.metadata_mut()).into_headers());
        *self.status.metadata_mut() = MetadataMap::from_headers(said);
        self
    }

    /// What an upstream said beside its error, as far as clients may learn it.
    pub(crate) fn metadata(&self) -> &HeaderMap {
        self.status.metadata().as_ref()
    }

    /// The status, as upstreams would have sent it.
    pub(crate) fn status(&self) -> &Status {
        &self.status
    }

    /// What HTTP says beyond its status: when to come again, how to prove who one is.
    pub(crate) fn explain(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.headers {
            headers.insert(name.clone(), value.clone());
        }
        if let Some(delay) = status::retry_delay(&self.status) {
            headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(delay).max(1)));
        }
        let is_unknown = self.http.is_none() && self.status.code() == Code::Unauthenticated;
        if is_unknown && !headers.contains_key(WWW_AUTHENTICATE) {
            let challenge = match self.is_of_nobody {
                true => NO_ERROR,
                false => challenge(status::reason(&self.status)),
            };
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
    }

    /// Whether a condition of the request does not hold (RFC 9110, section 15.5.13). A stale etag in
    /// its message is a conflict, ABORTED.
    fn is_condition(&self) -> bool {
        self.status.code() == Code::FailedPrecondition
            && status::reason(&self.status) == Some(Reason::EtagMismatch)
    }

    fn http_status(&self) -> StatusCode {
        let code = transcoder::status::Code::from(self.status.code() as i32);
        let mapped = StatusCode::from_u16(code.http_status());
        self.http
            .or_else(|| {
                self.is_condition()
                    .then_some(StatusCode::PRECONDITION_FAILED)
            })
            .or(mapped.ok())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The HTTP status and what is in the envelope.
    fn error(&self, transcoder: &Transcoder) -> (StatusCode, serde_json::Value) {
        let details = (!self.status.details().is_empty()).then(|| self.status.details());
        let (_, mut error) =
            transcoder.error(self.status.code() as i32, self.status.message(), details);
        let http = self.http_status();
        if let Some(code) = error.get_mut("code") {
            *code = http.as_u16().into();
        }
        if let Some(field) = &self.body_field {
            paths::tell_from_body(&mut error, field);
        }
        (http, error)
    }
}

/// An error as the body of a reply, or as the last message of a stream.
fn enveloped(error: &serde_json::Value) -> String {
    format!(r#"{{"error":{error}}}"#)
}

/// Without credentials, or with some of another scheme, no error is named (RFC 6750, section 3.1).
const NO_ERROR: HeaderValue = HeaderValue::from_static("Bearer");

fn challenge(reason: Option<Reason>) -> HeaderValue {
    let description = match reason {
        Some(Reason::TokenMissing) => return NO_ERROR,
        Some(Reason::TokenExpired) => "the token has expired",
        Some(Reason::SessionRevoked) => "the session has ended",
        Some(Reason::TicketInvalid) => "the ticket is not valid",
        // The caller's password, refresh token or one-time token is wrong, not the bearer token.
        Some(
            Reason::CredentialsInvalid
            | Reason::RefreshTokenInvalid
            | Reason::ResetTokenInvalid
            | Reason::SessionExpired,
        ) => return NO_ERROR,
        _ => "the token is not valid",
    };
    let challenge = format!(r#"Bearer error="invalid_token", error_description="{description}""#);
    HeaderValue::try_from(challenge).expect("the descriptions are ASCII")
}

impl From<Corrupt> for Failure {
    fn from(corrupt: Corrupt) -> Self {
        Self::unsupported_content(&corrupt.to_string())
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::new(problem)
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

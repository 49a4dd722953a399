//! What clients send that is not what it should be.

use std::time::Duration;

use http::header::ACCEPT_ENCODING;
use http::{HeaderValue, StatusCode};
use net::coding::Corrupt;
use tonic::Code;
use transcoder::{BadRequest, FieldViolation, JsonError, Route};

use super::{Failure, Problem, Reason, paths};
use crate::wire::envelope::EnvelopeError;

impl Failure {
    /// 413: the body is larger than allowed.
    pub(crate) fn too_large(limit: usize) -> Self {
        let message = format!("the body is larger than {limit} bytes");
        let problem = Problem::new(Reason::RequestTooLarge, Code::InvalidArgument, message);
        let failure = Self::new(problem).with_http(StatusCode::PAYLOAD_TOO_LARGE);
        failure.unread()
    }

    /// RESOURCE_EXHAUSTED: as gRPC calls it when a message is larger than allowed.
    pub(crate) fn message_too_large(limit: usize) -> Self {
        let message = EnvelopeError::TooLarge(limit).to_string();
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
        Self::unsupported_content(message).with_headers([(ACCEPT_ENCODING, codings)])
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
}

impl From<Corrupt> for Failure {
    fn from(corrupt: Corrupt) -> Self {
        Self::unsupported_content(&corrupt.to_string())
    }
}

impl From<EnvelopeError> for Failure {
    fn from(error: EnvelopeError) -> Self {
        match error {
            EnvelopeError::TooLarge(limit) => Self::message_too_large(limit),
            // gRPC, statuscodes.md: "Request cardinality violation".
            EnvelopeError::NotOne => {
                let (reason, message) = (Reason::MalformedRequest, error.to_string());
                Self::new(Problem::new(reason, Code::Unimplemented, message))
            }
            EnvelopeError::Cut => Self::malformed(error.to_string()),
        }
    }
}

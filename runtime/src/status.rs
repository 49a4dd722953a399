//! Errors as callers see them: `google.rpc.Status` with a reason of the contract and details.

use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
pub use contracts::tradewind::errors::v1::Reason;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// The domain of our reasons in `google.rpc.ErrorInfo`.
pub const DOMAIN: &str = "tradewind";

/// An error with its reason and details, on its way to a [`Status`].
#[derive(Clone, Debug)]
pub struct Problem {
    code: Code,
    reason: Reason,
    message: String,
    metadata: HashMap<String, String>,
    details: ErrorDetails,
    /// What is not for the caller.
    cause: Option<String>,
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "ids and text alike are names"
)]
impl Problem {
    /// An error with the reason as its ErrorInfo.
    pub fn new(reason: Reason, code: Code, message: impl Into<String>) -> Problem {
        Problem {
            code,
            reason,
            message: message.into(),
            metadata: HashMap::new(),
            details: ErrorDetails::new(),
            cause: None,
        }
    }

    /// NOT_FOUND: there is no such resource, or it belongs to somebody else.
    pub fn not_found(resource_type: &str, name: impl ToString) -> Problem {
        let name = name.to_string();
        let message = format!("there is no {resource_type} {name}");
        Problem::new(Reason::ResourceNotFound, Code::NotFound, message)
            .resource(resource_type, name)
    }

    /// ALREADY_EXISTS: the name, address or reference is taken.
    pub fn already_exists(resource_type: &str, name: impl ToString) -> Problem {
        let name = name.to_string();
        let article = article(resource_type);
        let message = format!("there is {article} {resource_type} {name} already");
        Problem::new(Reason::ResourceExists, Code::AlreadyExists, message)
            .resource(resource_type, name)
    }

    /// INVALID_ARGUMENT: fields, as `(path, what is wrong)`.
    pub fn invalid<P: Into<String>, D: Into<String>>(
        violations: impl IntoIterator<Item = (P, D)>,
    ) -> Problem {
        let mut problem = Problem::new(Reason::InvalidField, Code::InvalidArgument, "");
        let mut said = Vec::new();
        for (path, description) in violations {
            let (path, description) = (path.into(), description.into());
            said.push(format!("{path}: {description}"));
            problem = problem.field(path, description);
        }
        // The details name them all.
        let more = said.len().saturating_sub(3);
        said.truncate(3);
        problem.message = said.join("; ");
        if more > 0 {
            problem.message += &format!("; and {more} more");
        }
        problem
    }

    /// Says that there may be more than what was told.
    pub(crate) fn and_others(mut self) -> Problem {
        self.message += "; there may be others";
        self
    }

    /// Says which message of a stream it is about: of the first as `message[0]`, and in the metadata.
    pub(crate) fn of_message(mut self, which: u64) -> Problem {
        self.message = format!("message[{which}]: {}", self.message);
        self.metadata("messageIndex", which)
    }

    /// ABORTED: the resource was changed since its etag was read.
    pub fn etag_mismatch(resource_type: &str, name: impl ToString) -> Problem {
        let name = name.to_string();
        let message = format!("the {resource_type} {name} was changed; read it again");
        Problem::new(Reason::EtagMismatch, Code::Aborted, message).resource(resource_type, name)
    }

    /// FAILED_PRECONDITION: the state of a resource does not allow it.
    pub fn invalid_state(subject: impl Into<String>, description: impl Into<String>) -> Problem {
        let description = description.into();
        Problem::new(
            Reason::InvalidState,
            Code::FailedPrecondition,
            description.clone(),
        )
        .precondition("STATE", subject, description)
    }

    /// UNAVAILABLE: a service or a store does not answer; come again in a second.
    pub fn unavailable(what: impl std::fmt::Display) -> Problem {
        let message = format!("{what} does not answer");
        Problem::new(Reason::DependencyUnavailable, Code::Unavailable, message)
            .retry_after(Duration::from_secs(1))
    }

    /// DEADLINE_EXCEEDED.
    pub fn deadline_exceeded() -> Problem {
        let message = "the deadline passed before the work was done";
        Problem::new(Reason::DeadlineExceeded, Code::DeadlineExceeded, message)
    }

    /// INTERNAL: the error is not sent. It is logged when this becomes a status, and found there by the
    /// request's id.
    pub fn internal(error: &(dyn Error + '_)) -> Problem {
        Problem {
            cause: Some(net::causes(error)),
            ..Problem::new(Reason::Internal, Code::Internal, "internal error")
        }
    }

    /// Adds a pair to the ErrorInfo's metadata.
    pub fn metadata(mut self, key: impl Into<String>, value: impl ToString) -> Problem {
        self.metadata.insert(key.into(), value.to_string());
        self
    }

    /// Adds a violation to BadRequest; `path` as REST writes it, such as `items[2].quantity`.
    pub fn field(mut self, path: impl Into<String>, description: impl Into<String>) -> Problem {
        self.details.add_bad_request_violation(path, description);
        self
    }

    /// Sets ResourceInfo.
    pub fn resource(mut self, resource_type: &str, name: impl Into<String>) -> Problem {
        self.details.set_resource_info(resource_type, name, "", "");
        self
    }

    /// Adds a violation to PreconditionFailure.
    pub fn precondition(
        mut self,
        violation_type: &str,
        subject: impl Into<String>,
        description: impl Into<String>,
    ) -> Problem {
        self.details
            .add_precondition_failure_violation(violation_type, subject, description);
        self
    }

    /// Sets RetryInfo.
    pub fn retry_after(mut self, delay: Duration) -> Problem {
        self.details.set_retry_info(Some(delay));
        self
    }

    /// The reason.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.code
    }
}

impl From<Problem> for Status {
    fn from(problem: Problem) -> Status {
        let Problem {
            code,
            reason,
            message,
            metadata,
            mut details,
            cause,
        } = problem;
        if let Some(error) = cause {
            tracing::error!(error, "internal error");
        }
        details.set_error_info(reason_name(reason), DOMAIN, metadata);
        Status::with_error_details(code, message, details)
    }
}

/// "a" or "an", by the letter that the noun begins with.
fn article(noun: &str) -> &'static str {
    // A user is no "an user": its u is spoken as in "you".
    match noun.starts_with(['a', 'e', 'i', 'o']) {
        true => "an",
        false => "a",
    }
}

/// The reason as it is printed: INSUFFICIENT_STOCK.
pub fn reason_name(reason: Reason) -> &'static str {
    let name = reason.as_str_name();
    name.strip_prefix("REASON_").unwrap_or(name)
}

/// The reason of an error, if it is one of ours.
pub fn reason(status: &Status) -> Option<Reason> {
    let info = status
        .get_details_error_info()
        .filter(|info| info.domain == DOMAIN)?;
    Reason::from_str_name(&format!("REASON_{}", info.reason))
}

/// How long an error asks to wait (RetryInfo).
pub fn retry_delay(status: &Status) -> Option<Duration> {
    status.get_details_retry_info()?.retry_delay
}

/// What a service tells its own caller when a callee did not decide. The user's token may have ended
/// on the way: that is for the user to know. Otherwise only that it may be tried again is passed on.
pub fn of_callee(said: &Status) -> Status {
    let passed_on = || {
        let details = Bytes::copy_from_slice(said.details());
        Status::with_details(said.code(), said.message(), details)
    };
    match said.code() {
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted => passed_on(),
        Code::Unauthenticated if is_of_token(said) => passed_on(),
        Code::Aborted | Code::Cancelled => Problem::unavailable("a service").into(),
        _ => Problem::internal(said).into(),
    }
}

/// Whether a user's token does not hold, or does no longer.
fn is_of_token(status: &Status) -> bool {
    matches!(
        reason(status),
        Some(Reason::TokenExpired | Reason::TokenInvalid | Reason::SessionRevoked)
    )
}

/// Whether the refusal is about the request itself, and would be the same another time.
pub fn is_final(code: Code) -> bool {
    matches!(
        code,
        Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::FailedPrecondition
            | Code::OutOfRange
    )
}

/// Whether the same call may succeed later: nothing was decided about the request itself.
pub fn is_transient(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::ResourceExhausted
            | Code::Cancelled
            | Code::Unknown
            | Code::Internal
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_becomes_a_status_with_its_reason_and_details() {
        let status: Status = Problem::invalid([("items[0].quantity", "must be at least 1")])
            .metadata("sku", "85123A")
            .retry_after(Duration::from_secs(2))
            .into();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(status.message(), "items[0].quantity: must be at least 1");
        assert_eq!(reason(&status), Some(Reason::InvalidField));
        assert_eq!(retry_delay(&status), Some(Duration::from_secs(2)));
        let details = status.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!(
            (info.reason.as_str(), info.domain.as_str()),
            ("INVALID_FIELD", "tradewind")
        );
        assert_eq!(info.metadata["sku"], "85123A");
        assert_eq!(
            details.bad_request().unwrap().field_violations[0].field,
            "items[0].quantity"
        );
    }

    #[test]
    fn what_is_there_already_is_told_in_good_english() {
        for (resource, said) in [
            ("order", "there is an order X already"),
            ("account", "there is an account X already"),
            ("user", "there is a user X already"),
            ("product", "there is a product X already"),
        ] {
            let status: Status = Problem::already_exists(resource, "X").into();
            assert_eq!(status.message(), said);
        }
    }

    #[test]
    fn an_internal_error_tells_the_caller_nothing_of_its_cause() {
        let cause = std::io::Error::other("password=hunter2");
        let status: Status = Problem::internal(&cause).into();
        assert_eq!(status.code(), Code::Internal);
        assert!(!format!("{status:?}").contains("hunter2"));
    }
}

//! What HTTP says of a failure beyond what gRPC does: its status, and headers that explain it.

use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::problem::Reason;
use super::{Failure, Said, Voice};
use crate::limits::whole_seconds;

/// Without credentials, or with some of another scheme, no error is named (RFC 6750, section 3.1).
const NO_ERROR: HeaderValue = HeaderValue::from_static("Bearer");

impl Failure {
    pub(crate) fn http_status(&self, voice: &Voice) -> StatusCode {
        let code = transcoder::status::Code::from(self.code() as i32);
        let mapped = StatusCode::from_u16(code.http_status());
        self.http
            .or_else(|| {
                self.is_condition(voice)
                    .then_some(StatusCode::PRECONDITION_FAILED)
            })
            .or(mapped.ok())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// When to come again, how to prove who one is: of what clients are `told`.
    pub(crate) fn explain(&self, told: &Status, voice: &Voice, headers: &mut HeaderMap) {
        for (name, value) in &self.headers {
            headers.insert(name.clone(), value.clone());
        }
        let retry = told.get_details_retry_info();
        if let Some(delay) = retry.and_then(|retry| retry.retry_delay) {
            headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(delay).max(1)));
        }
        let is_unknown = self.http.is_none() && told.code() == Code::Unauthenticated;
        if is_unknown && !headers.contains_key(WWW_AUTHENTICATE) {
            let challenge = match self.is_of_nobody {
                true => NO_ERROR,
                false => challenge((voice.challenge)(self.reason(told, voice).as_deref())),
            };
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
    }

    /// Why a caller is not known: whoever decides about callers has reasons of its own.
    fn reason(&self, told: &Status, voice: &Voice) -> Option<String> {
        match &self.said {
            Said::Guard(said) => said.get_details_error_info().map(|info| info.reason),
            Said::Gateway(_) | Said::Upstream(_) => voice.reason(told),
        }
    }

    /// Whether a condition of the request does not hold (RFC 9110, section 15.5.13). A stale etag in
    /// its message is a conflict, ABORTED.
    fn is_condition(&self, voice: &Voice) -> bool {
        let is_of_etag = || match &self.said {
            Said::Gateway(problem) => problem.reason == Reason::EtagMismatch,
            Said::Guard(said) | Said::Upstream(said) => {
                voice.reason(said).as_deref() == Some(Reason::EtagMismatch.name())
            }
        };
        self.code() == Code::FailedPrecondition && is_of_etag()
    }
}

fn challenge(description: Option<&str>) -> HeaderValue {
    let Some(description) = description else {
        return NO_ERROR;
    };
    let challenge = format!(r#"Bearer error="invalid_token", error_description="{description}""#);
    HeaderValue::try_from(challenge).expect("the descriptions are ASCII")
}

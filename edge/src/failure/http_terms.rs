//! What HTTP says of a failure beyond what gRPC does: its status, and headers that explain it.

use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use runtime::status::{self, Reason};
use tonic::Code;

use super::Failure;
use crate::limits::whole_seconds;

/// Without credentials, or with some of another scheme, no error is named (RFC 6750, section 3.1).
const NO_ERROR: HeaderValue = HeaderValue::from_static("Bearer");

impl Failure {
    pub(crate) fn http_status(&self) -> StatusCode {
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

    /// When to come again, how to prove who one is.
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
}

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

//! Why a request over REST did not succeed.

use std::{fmt, time::Duration};

use reqwest::{Response, StatusCode, header::RETRY_AFTER};
use serde_json::Value;

/// A refusal of the server, or a reply that never came.
#[derive(Debug)]
pub(crate) struct Failure {
    /// None when there was no reply.
    pub(crate) status: Option<StatusCode>,
    /// Reason of the error's ErrorInfo, such as `RESOURCE_EXISTS`; empty without one.
    pub(crate) reason: String,
    pub(crate) message: String,
    pub(crate) retry_after: Option<Duration>,
}

impl Failure {
    pub(super) fn of_transport(error: &reqwest::Error) -> Self {
        Self {
            status: None,
            reason: String::new(),
            message: net::causes(error),
            retry_after: None,
        }
    }

    /// A reply that cannot be right.
    pub(crate) fn contradiction(message: &str) -> Self {
        Self {
            status: Some(StatusCode::OK),
            reason: String::new(),
            message: message.to_owned(),
            retry_after: None,
        }
    }

    pub(super) async fn of_response(response: Response) -> Self {
        let status = response.status();
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map(Duration::from_secs);
        let body = response.bytes().await.unwrap_or_default();
        let error = serde_json::from_slice::<Value>(&body)
            .map(|mut body| body["error"].take())
            .unwrap_or_default();
        let details = error["details"].as_array();
        let reason =
            details.and_then(|details| details.iter().find_map(|detail| detail["reason"].as_str()));
        Self {
            status: Some(status),
            reason: reason.unwrap_or_default().to_owned(),
            message: error["message"].as_str().unwrap_or_default().to_owned(),
            retry_after,
        }
    }

    /// Whether the same request may succeed later.
    pub(super) fn may_pass(&self) -> bool {
        match self.status {
            None => true,
            Some(status) => {
                matches!(status.as_u16(), 429 | 502 | 503 | 504)
                    || self.reason == "REQUEST_IN_PROGRESS"
            }
        }
    }

    /// Whether the server said no to this request alone: others may go on.
    pub(crate) fn refuses(&self) -> bool {
        !self.may_pass()
            && !matches!(
                self.status,
                Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
            )
    }

    /// Whether what was to be made is there already.
    pub(crate) fn exists(&self) -> bool {
        self.reason == "RESOURCE_EXISTS"
    }

    /// Whether an order was refused for what it was to be paid by.
    pub(crate) fn refuses_payment(&self) -> bool {
        self.reason == "PAYMENT_DECLINED"
            || self.reason == "INVALID_FIELD" && self.message.starts_with("paymentToken")
    }

    /// Whether an order was given up because whoever began it never came to its payment.
    pub(crate) fn is_of_no_payment(&self) -> bool {
        self.reason == "PAYMENT_NOT_STARTED"
    }

    /// Whether there is nothing under that name.
    pub(crate) fn not_found(&self) -> bool {
        self.status == Some(StatusCode::NOT_FOUND)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(status) = self.status {
            write!(f, "{} ", status.as_u16())?;
        }
        if !self.reason.is_empty() {
            write!(f, "{}: ", self.reason)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reason_that_is_newer_than_this_client_is_a_refusal_like_others() {
        let body = serde_json::json!({"error": {
            "code": 409, "status": "ABORTED", "message": "the beam was lost",
            "details": [{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "BEAM_LOST", "domain": "tradewind",
            }],
        }});
        let mut response = http::Response::new(body.to_string());
        *response.status_mut() = StatusCode::CONFLICT;
        let failure = Failure::of_response(response.into()).await;
        assert!(failure.refuses() && !failure.exists());
        assert_eq!(failure.to_string(), "409 BEAM_LOST: the beam was lost");
    }
}

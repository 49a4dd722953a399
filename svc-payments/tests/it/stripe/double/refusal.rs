//! What Stripe refuses, and how it fails (docs.stripe.com/api/errors).

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Answer;

/// An error, as it is answered.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    error: Value,
}

impl Refusal {
    /// A request that makes no sense where things stand.
    pub(super) fn invalid(code: &str, message: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            json!({"type": "invalid_request_error", "code": code, "message": message}),
        )
    }

    pub(super) fn missing(what: &str, id: &str) -> Self {
        let message = format!("No such {what}: '{id}'");
        Self {
            status: StatusCode::NOT_FOUND,
            ..Self::invalid("resource_missing", &message)
        }
    }

    /// What a parameter names is not there.
    pub(super) fn missing_named(parameter: &str, id: &str) -> Self {
        let message = format!("No such {parameter}: '{id}'");
        let mut refusal = Self::invalid("resource_missing", &message);
        refusal.error["param"] = parameter.into();
        refusal
    }

    /// The means of payment was refused; the error of the intent says how.
    pub(super) fn of_the_card(error: &Value) -> Self {
        Self::new(StatusCode::PAYMENT_REQUIRED, error.clone())
    }

    /// The same of a card that was taken before.
    pub(super) fn declined() -> Self {
        Self::of_the_card(&json!({
            "type": "card_error",
            "code": "card_declined",
            "decline_code": "do_not_honor",
            "message": "Your card was declined.",
        }))
    }

    /// The intent is not where it has to be.
    pub(super) fn of_the_state(status: &str) -> Self {
        let message = format!("The PaymentIntent's status is {status}");
        Self::invalid("payment_intent_unexpected_state", &message)
    }

    /// Along with the intent as it is.
    pub(super) fn with(mut self, intent: Value) -> Self {
        self.error["payment_intent"] = intent;
        self
    }

    pub(super) fn of_the_key() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            json!({"type": "invalid_request_error", "message": "Invalid API Key provided: sk_test_****"}),
        )
    }

    pub(super) fn too_many() -> Self {
        let error = Self::invalid("rate_limit", "Too many requests hit the API too quickly.");
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            ..error
        }
    }

    pub(super) fn in_progress() -> Self {
        let message = "There is currently another in-progress request using this Idempotent Key.";
        Self::new(
            StatusCode::CONFLICT,
            json!({"type": "idempotency_error", "code": "idempotency_key_in_use", "message": message}),
        )
    }

    pub(super) fn other_parameters() -> Self {
        let message = "Keys for idempotent requests can only be used with the same parameters they were first used with.";
        Self::new(
            StatusCode::BAD_REQUEST,
            json!({"type": "idempotency_error", "message": message}),
        )
    }

    pub(super) fn failure() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            json!({"type": "api_error", "message": "An error occurred. Contact us at support@stripe.com."}),
        )
    }

    fn new(status: StatusCode, error: Value) -> Self {
        Self { status, error }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.status, json!({"error": refusal.error}))
    }
}

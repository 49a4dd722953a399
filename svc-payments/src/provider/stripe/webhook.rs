//! What Stripe tells (docs.stripe.com/webhooks): who signed it, and what it is about.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;

use super::intents::{PAYMENT_ID, PaymentIntent, id_in};
use crate::provider::{EventError, ProviderEvent, signature};

/// What events are signed by.
pub(super) struct Secrets {
    pub(super) current: SecretString,
    pub(super) previous: Option<SecretString>,
    /// How far the time of a signature may lie from now, before or after it.
    pub(super) tolerance: Duration,
}

impl Secrets {
    /// Reads an event whose signature holds.
    pub(super) fn open(
        &self,
        header: Option<&str>,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<ProviderEvent, EventError> {
        let header = header.ok_or(EventError::SignatureInvalid)?;
        let mut secrets = [Some(&self.current), self.previous.as_ref()]
            .into_iter()
            .flatten();
        let is_signed = secrets.any(|secret| {
            let secret = secret.expose_secret().as_bytes();
            signature::holds(secret, header, body, now, self.tolerance)
        });
        if !is_signed {
            return Err(EventError::SignatureInvalid);
        }
        let event: Event = serde_json::from_slice(body).map_err(|_| EventError::Malformed)?;
        event.read().ok_or(EventError::Malformed)
    }
}

/// docs.stripe.com/api/events/object
#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Value,
}

/// What happened to something: an intent, or a charge, refund or dispute of one.
#[derive(Deserialize)]
struct Subject {
    #[serde(default)]
    object: String,
    id: Option<String>,
    metadata: Option<HashMap<String, String>>,
    payment_intent: Option<Value>,
}

impl Event {
    fn read(self) -> Option<ProviderEvent> {
        let subject = Subject::deserialize(&self.data.object).ok()?;
        let is_intent = subject.object == "payment_intent";
        let intent = is_intent.then(|| PaymentIntent::deserialize(&self.data.object));
        let metadata = subject.metadata.as_ref();
        Some(ProviderEvent {
            payment_id: metadata.and_then(|metadata| id_in(metadata, PAYMENT_ID)),
            provider_ref: subject.intent(),
            // What cannot be read is looked at.
            standing: intent.and_then(|intent| Some(intent.ok()?.read().ok()?.into())),
            event_id: self.id,
            kind: self.kind,
        })
    }
}

impl Subject {
    /// The id of the intent.
    fn intent(self) -> Option<String> {
        match self.payment_intent {
            Some(Value::String(id)) => Some(id),
            Some(expanded) => expanded.get("id")?.as_str().map(str::to_owned),
            None => self.id.filter(|_| self.object == "payment_intent"),
        }
    }
}

#[cfg(test)]
mod tests;

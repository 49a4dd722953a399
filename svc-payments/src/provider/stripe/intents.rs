//! PaymentIntents and their charges (docs.stripe.com/api/payment_intents/object).

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::IgnoredAny;
use uuid::Uuid;

use super::amounts;
use super::client::{Object, unreadable};
use crate::domain::snapshot::{Intent, IntentStatus};
use crate::provider::{Action, Failure, Listed};

/// Asks for the charge itself where otherwise its id would stand: it knows until when it can be captured.
pub(super) const EXPAND_CHARGE: (&str, &str) = ("expand[]", "latest_charge");
/// The same, of the intents in a list.
pub(super) const EXPAND_CHARGES: (&str, &str) = ("expand[]", "data.latest_charge");
/// The key of metadata under which Stripe is told our id of the payment.
pub(super) const PAYMENT_ID: &str = "payment_id";

/// What is read of a PaymentIntent. Amounts are as Stripe counts them.
#[derive(Deserialize)]
pub(super) struct PaymentIntent {
    id: String,
    status: String,
    currency: String,
    amount: i64,
    #[serde(default)]
    amount_capturable: i64,
    #[serde(default)]
    amount_received: i64,
    created: i64,
    #[serde(default)]
    metadata: HashMap<String, String>,
    last_payment_error: Option<PaymentError>,
    latest_charge: Option<Expandable<Charge>>,
    next_action: Option<NextAction>,
    client_secret: Option<String>,
}

#[derive(Deserialize)]
struct PaymentError {
    code: Option<String>,
    decline_code: Option<String>,
}

/// An object, or its id where it was not asked for.
#[derive(Deserialize)]
#[serde(untagged)]
enum Expandable<T> {
    Object(T),
    Id(IgnoredAny),
}

#[derive(Deserialize)]
struct Charge {
    #[serde(default)]
    amount_refunded: i64,
    payment_method_details: Option<PaymentMethodDetails>,
}

#[derive(Deserialize)]
struct PaymentMethodDetails {
    card: Option<Card>,
}

#[derive(Deserialize)]
struct Card {
    capture_before: Option<i64>,
}

#[derive(Deserialize)]
struct NextAction {
    redirect_to_url: Option<Redirect>,
}

#[derive(Deserialize)]
struct Redirect {
    url: Option<String>,
}

impl Object for PaymentIntent {
    fn id(&self) -> &str {
        &self.id
    }
}

impl PaymentIntent {
    /// As payments know it.
    pub(super) fn read(&self) -> Result<Intent, Failure> {
        let currency = amounts::currency(&self.currency)?;
        let amount = |amount| amounts::read(currency, amount);
        let status = self.status()?;
        Ok(Intent {
            provider_ref: self.id.clone(),
            payment_id: id_in(&self.metadata, PAYMENT_ID),
            currency,
            amount: amount(self.amount)?,
            held: amount(self.amount_capturable)?,
            captured: amount(self.amount_received)?,
            capture_before: self
                .capture_before()
                .filter(|_| status == IntentStatus::Held),
            create_time: time(self.created)?,
            status,
        })
    }

    /// As payments know it in a list; `None` of a currency that none of ours has.
    pub(super) fn listed(&self) -> Result<Option<Listed>, Failure> {
        if !amounts::currency(&self.currency).is_ok_and(amounts::takes) {
            return Ok(None);
        }
        let intent = self.read()?;
        let refunded = self.charge().map_or(0, |charge| charge.amount_refunded);
        // What is left of a hold may count as refunded, where nothing was captured.
        let refunded = amounts::read(intent.currency, refunded)?.min(intent.captured);
        Ok(Some(Listed { intent, refunded }))
    }

    /// What the buyer has to do.
    pub(super) fn action(&self) -> Option<Action> {
        if self.status != "requires_action" {
            return None;
        }
        let redirect = self.next_action.as_ref()?.redirect_to_url.as_ref();
        let url = redirect.and_then(|redirect| redirect.url.clone());
        Some(Action {
            redirect_url: url.unwrap_or_default().into(),
            client_secret: self.client_secret.clone().unwrap_or_default().into(),
        })
    }

    /// docs.stripe.com/payments/paymentintents/lifecycle
    fn status(&self) -> Result<IntentStatus, Failure> {
        Ok(match (self.status.as_str(), &self.last_payment_error) {
            ("requires_payment_method", Some(error)) => {
                IntentStatus::Declined { code: error.word() }
            }
            ("requires_payment_method" | "requires_confirmation", _) => IntentStatus::Unconfirmed,
            ("requires_action", _) => IntentStatus::RequiresAction,
            ("processing", _) => IntentStatus::Processing,
            ("requires_capture", _) => IntentStatus::Held,
            ("succeeded", _) => IntentStatus::Captured,
            ("canceled", _) => IntentStatus::Canceled,
            (other, _) => return Err(unreadable(format!("the status {other:?}"))),
        })
    }

    fn charge(&self) -> Option<&Charge> {
        match &self.latest_charge {
            Some(Expandable::Object(charge)) => Some(charge),
            Some(Expandable::Id(_)) | None => None,
        }
    }

    fn capture_before(&self) -> Option<DateTime<Utc>> {
        let details = self.charge()?.payment_method_details.as_ref()?;
        DateTime::from_timestamp(details.card.as_ref()?.capture_before?, 0)
    }
}

impl PaymentError {
    /// The bank's word, or else Stripe's.
    fn word(&self) -> String {
        let word = self.decline_code.as_ref().or(self.code.as_ref());
        word.cloned().unwrap_or_else(|| "card_declined".to_owned())
    }
}

/// An id of ours among what Stripe was told along.
pub(super) fn id_in(metadata: &HashMap<String, String>, key: &str) -> Option<Uuid> {
    metadata.get(key)?.parse().ok()
}

/// A time as Stripe writes it.
pub(super) fn time(seconds: i64) -> Result<DateTime<Utc>, Failure> {
    DateTime::from_timestamp(seconds, 0).ok_or_else(|| unreadable(format!("the time {seconds}")))
}

#[cfg(test)]
mod tests;

//! The sandbox's events: written with what they tell of, and sent until they are taken.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use store::{Error, Tx};
use uuid::Uuid;

/// What changed by itself: the object, or its refunds and disputes.
pub(super) const CHANGED: &str = "payment_intent.changed";

/// Writes an event to be told so many times.
pub(super) async fn tell(
    tx: &mut Tx,
    event_id: &str,
    kind: &str,
    object: &str,
    times: i64,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    store::execute!(
        tx,
        "INSERT INTO sandbox_events (event_id, kind, intent_ref, times, deliver_time, create_time) \
         VALUES ($1, $2, $3, $4, $5, $5)",
        event_id,
        kind,
        object,
        times,
        now
    )?;
    Ok(())
}

/// An event to be sent now.
#[derive(sqlx::FromRow)]
pub(super) struct Outgoing {
    pub(super) event_id: String,
    kind: String,
    intent_ref: String,
    payment_id: Uuid,
    status: String,
    held: i64,
    captured: i64,
}

impl Outgoing {
    /// What is sent: of the same form as Stripe's.
    pub(super) fn body(&self) -> Vec<u8> {
        let mut object = json!({
            "object": "payment_intent",
            "id": self.intent_ref,
            "metadata": {"payment_id": self.payment_id.to_string()},
        });
        // Of refunds and disputes this says nothing.
        if self.kind.starts_with("payment_intent.") && self.kind != CHANGED {
            object["standing"] =
                json!({"status": self.status, "held": self.held, "captured": self.captured});
        }
        let event = json!({"id": self.event_id, "type": self.kind, "data": {"object": object}});
        event.to_string().into_bytes()
    }
}

/// Whether there is anything to do at this time.
pub(super) async fn is_any(tx: &mut Tx, now: DateTime<Utc>) -> Result<bool, Error> {
    let sql = "SELECT 1 WHERE EXISTS (SELECT 1 FROM sandbox_events WHERE times > 0 AND deliver_time <= $1)
            OR EXISTS (SELECT 1 FROM sandbox_intents WHERE change_time <= $1)
            OR EXISTS (SELECT 1 FROM sandbox_refunds WHERE change_time <= $1)
            OR EXISTS (SELECT 1 FROM sandbox_disputes WHERE change_time <= $1)";
    Ok(store::fetch_optional!(tx, (i32,), sql, now)?.is_some())
}

/// Takes events whose time has come; who takes one and dies leaves it to others after a while.
pub(super) async fn claim(tx: &mut Tx, now: DateTime<Utc>) -> Result<Vec<Outgoing>, Error> {
    store::execute!(
        tx,
        "UPDATE sandbox_events SET deliver_time = $2 WHERE times > 0 AND deliver_time <= $1",
        now,
        now + TimeDelta::seconds(30)
    )?;
    store::fetch_all!(
        tx,
        Outgoing,
        "SELECT event_id, kind, intent_ref, payment_id, status, held, captured FROM sandbox_events \
         JOIN sandbox_intents ON provider_ref = intent_ref \
         WHERE times > 0 AND deliver_time = $1 ORDER BY event_id",
        now + TimeDelta::seconds(30)
    )
}

/// Counts one telling of it.
pub(super) async fn told(tx: &mut Tx, event_id: &str, now: DateTime<Utc>) -> Result<(), Error> {
    store::execute!(
        tx,
        "UPDATE sandbox_events SET times = times - 1, deliver_time = $2 WHERE event_id = $1",
        event_id,
        now
    )?;
    Ok(())
}

/// Whether all events of an object were told.
pub(super) async fn are_told(tx: &mut Tx, object: &str) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM sandbox_events WHERE intent_ref = $1 AND times > 0 LIMIT 1";
    Ok(store::fetch_optional!(tx, (i32,), sql, object)?.is_none())
}

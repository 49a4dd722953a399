//! What providers told.

use chrono::{DateTime, Utc};
use store::{Error, Tx};
use uuid::Uuid;

use crate::domain::snapshot::Standing;

/// Removes up to `$2` that came before `$1`. One that is told once more after that is a hint once more.
pub(crate) const REMOVE_OLD: &str = "DELETE FROM provider_events WHERE (provider, event_id) IN \
     (SELECT provider, event_id FROM provider_events WHERE receive_time < $1 LIMIT $2)";

/// Finds the payment that an event is about: by its id, which the provider was told, or by the
/// provider's own.
pub(crate) async fn payment_of(
    tx: &mut Tx,
    provider: &str,
    payment: Option<Uuid>,
    provider_ref: Option<&str>,
) -> Result<Option<Uuid>, Error> {
    if let Some(id) = payment {
        let sql = "SELECT payment_id FROM payments WHERE payment_id = $1 AND provider = $2";
        let found = store::fetch_optional!(tx, (Uuid,), sql, id, provider)?;
        if let Some((id,)) = found {
            return Ok(Some(id));
        }
    }
    let Some(provider_ref) = provider_ref else {
        return Ok(None);
    };
    let sql = "SELECT payment_id FROM payments WHERE provider = $1 AND provider_ref = $2";
    let found = store::fetch_optional!(tx, (Uuid,), sql, provider, provider_ref)?;
    Ok(found.map(|(id,)| id))
}

/// Writes an event down. Returns whether it was not there already.
pub(crate) async fn insert(
    tx: &mut Tx,
    provider: &str,
    event_id: &str,
    kind: &str,
    payment: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let inserted = store::execute!(
        tx,
        "INSERT INTO provider_events (provider, event_id, kind, payment_id, receive_time) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        provider,
        event_id,
        kind,
        payment,
        now
    )?;
    Ok(inserted == 1)
}

/// Has a payment looked at, by whoever is next; one that works on it already looks once more. Not one
/// that stands as its provider tells. Returns whether it is looked at.
pub(crate) async fn hint(
    tx: &mut Tx,
    payment: Uuid,
    told: Option<&Standing>,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let known = told.and_then(|told| Some((told.known_as()?, told.held, told.captured)));
    let hinted = store::execute!(
        tx,
        "UPDATE payments SET hints = hints + 1, due_at = $2 \
         WHERE payment_id = $1 AND (state = $3 AND held = $4 AND captured = $5) IS NOT TRUE",
        payment,
        now,
        known.map(|(state, ..)| state.as_str()),
        known.map(|(_, held, _)| held),
        known.map(|(.., captured)| captured)
    )?;
    Ok(hinted == 1)
}

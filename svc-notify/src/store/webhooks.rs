//! The table of webhooks.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use store::{Dialect, Error, Tx};
use uuid::Uuid;

use crate::domain::{DisabledReason, Webhook, WebhookState};

/// Of all that a [`Row`] holds.
macro_rules! columns {
    () => {
        "webhook_id, url, description, event_types, state, disabled_reason, failing_since, version, \
         create_time, update_time"
    };
}

/// `SELECT` of webhooks that are there, and what comes after it.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM webhooks WHERE state <> 'DELETED' AND ",
            $rest
        )
    };
}

/// Removes up to `$2` that were deleted before `$1`, once nothing tells of them any more.
pub(crate) const REMOVE_OLD: &str = "DELETE FROM webhooks WHERE webhook_id IN (
    SELECT webhook_id FROM webhooks AS w WHERE state = 'DELETED' AND update_time < $1
    AND NOT EXISTS (SELECT 1 FROM deliveries AS d WHERE d.webhook_id = w.webhook_id) LIMIT $2)";

#[derive(sqlx::FromRow)]
struct Row {
    webhook_id: Uuid,
    url: String,
    description: String,
    #[sqlx(json)]
    event_types: Vec<String>,
    #[sqlx(try_from = "String")]
    state: WebhookState,
    disabled_reason: Option<String>,
    failing_since: Option<DateTime<Utc>>,
    version: i64,
    create_time: DateTime<Utc>,
    update_time: DateTime<Utc>,
}

impl TryFrom<Row> for Webhook {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let reason = row
            .disabled_reason
            .map(DisabledReason::try_from)
            .transpose();
        let reason = reason.map_err(|_| Error::unreadable("webhook", row.webhook_id))?;
        Ok(Self {
            id: row.webhook_id,
            url: row.url,
            description: row.description,
            event_types: row.event_types,
            state: row.state,
            disabled_reason: reason,
            failing_since: row.failing_since,
            version: row.version,
            create_time: row.create_time,
            update_time: row.update_time,
        })
    }
}

/// The webhook, if it is there.
pub(crate) async fn find(tx: &mut Tx, id: Uuid) -> Result<Option<Webhook>, Error> {
    let row = store::fetch_optional!(tx, Row, select!("webhook_id = $1"), id)?;
    row.map(Webhook::try_from).transpose()
}

/// The webhook, locked until the transaction ends. It is locked before its deliveries are.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Option<Webhook>, Error> {
    let sql = match tx.dialect() {
        Dialect::Postgres => select!("webhook_id = $1 FOR NO KEY UPDATE"),
        // A transaction that writes has SQLite for itself.
        Dialect::Sqlite => select!("webhook_id = $1"),
    };
    let row = store::fetch_optional!(tx, Row, sql, id)?;
    row.map(Webhook::try_from).transpose()
}

/// The newest first, from the one before `before` on.
pub(crate) async fn list(
    tx: &mut Tx,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Webhook>, Error> {
    let rows = store::fetch_all!(
        tx,
        Row,
        select!("webhook_id < $1 ORDER BY webhook_id DESC LIMIT $2"),
        before.unwrap_or(Uuid::max()),
        limit
    )?;
    rows.into_iter().map(Webhook::try_from).collect()
}

/// Those that name one of these patterns. An index of Postgres finds them.
pub(crate) async fn wanting(tx: &mut Tx, patterns: &[String]) -> Result<Vec<Webhook>, Error> {
    let sql = tx.dialect().pick(
        // The array is made once.
        select!("event_types ?| ARRAY(SELECT jsonb_array_elements_text($1)) ORDER BY webhook_id"),
        select!(
            "EXISTS (SELECT 1 FROM json_each(event_types) AS own
                     WHERE own.value IN (SELECT value FROM json_each($1))) ORDER BY webhook_id"
        ),
    );
    let rows = store::fetch_all!(tx, Row, sql, Json(patterns))?;
    rows.into_iter().map(Webhook::try_from).collect()
}

/// Adds a webhook.
pub(crate) async fn insert(tx: &mut Tx, webhook: &Webhook) -> Result<(), Error> {
    store::execute!(
        tx,
        concat!(
            "INSERT INTO webhooks (",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, NULL, NULL, $6, $7, $8)"
        ),
        webhook.id,
        webhook.url.as_str(),
        webhook.description.as_str(),
        Json(&webhook.event_types),
        webhook.state.as_str(),
        webhook.version,
        webhook.create_time,
        webhook.update_time
    )?;
    Ok(())
}

/// Writes what can change of a webhook that is locked.
pub(crate) async fn update(tx: &mut Tx, webhook: &Webhook) -> Result<(), Error> {
    store::execute!(
        tx,
        "UPDATE webhooks SET url = $2, description = $3, event_types = $4, state = $5,
         disabled_reason = $6, failing_since = $7, version = $8, update_time = $9
         WHERE webhook_id = $1",
        webhook.id,
        webhook.url.as_str(),
        webhook.description.as_str(),
        Json(&webhook.event_types),
        webhook.state.as_str(),
        webhook.disabled_reason.map(DisabledReason::as_str),
        webhook.failing_since,
        webhook.version,
        webhook.update_time
    )?;
    Ok(())
}

/// Something came of it.
pub(crate) async fn succeeded(tx: &mut Tx, id: Uuid) -> Result<(), Error> {
    let sql = "UPDATE webhooks SET failing_since = NULL
               WHERE webhook_id = $1 AND failing_since IS NOT NULL";
    store::execute!(tx, sql, id)?;
    Ok(())
}

/// Nothing came of it now.
pub(crate) async fn failed(tx: &mut Tx, id: Uuid, now: DateTime<Utc>) -> Result<(), Error> {
    let sql = "UPDATE webhooks SET failing_since = $2
               WHERE webhook_id = $1 AND failing_since IS NULL";
    store::execute!(tx, sql, id, now)?;
    Ok(())
}

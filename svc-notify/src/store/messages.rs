//! Rows of mails.

use chrono::{DateTime, Utc};
use money::{Currency, Money};
use sqlx::FromRow;
use store::{Error, Tx, measure};
use uuid::Uuid;

use crate::domain::mail::{Message, NewMessage, Next, Recipient, State, Subject, Template};

/// Of all that a [`Row`] holds.
macro_rules! columns {
    () => {
        "message_id, event_id, template, user_id, order_id, shipment_id, mail_id, currency, amount, state, \
         round, attempts, since, detail, due_at, create_time, update_time"
    };
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT ", columns!(), " FROM messages WHERE ", $rest)
    };
}

#[derive(FromRow)]
struct Row {
    message_id: Uuid,
    event_id: Uuid,
    #[sqlx(try_from = "String")]
    template: Template,
    user_id: Option<Uuid>,
    order_id: Option<Uuid>,
    shipment_id: Option<Uuid>,
    mail_id: Option<Uuid>,
    currency: Option<String>,
    amount: Option<i64>,
    #[sqlx(try_from = "String")]
    state: State,
    round: i32,
    attempts: i32,
    since: DateTime<Utc>,
    detail: String,
    due_at: Option<DateTime<Utc>>,
    create_time: DateTime<Utc>,
    update_time: DateTime<Utc>,
}

impl TryFrom<Row> for Message {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let amount = row.currency.zip(row.amount).map(|(code, minor)| {
            let currency = Currency::recorded(&code);
            let currency = currency.map_err(|_| Error::unreadable("mail", row.message_id))?;
            Ok::<_, Error>(Money { currency, minor })
        });
        Ok(Self {
            id: row.message_id,
            event_id: row.event_id,
            template: row.template,
            user_id: row.user_id,
            subject: Subject {
                order_id: row.order_id,
                shipment_id: row.shipment_id,
                mail_id: row.mail_id,
                amount: amount.transpose()?,
            },
            state: row.state,
            round: row.round,
            attempts: row.attempts,
            since: row.since,
            detail: row.detail,
            due_at: row.due_at,
            create_time: row.create_time,
            update_time: row.update_time,
        })
    }
}

fn all(rows: Vec<Row>) -> Result<Vec<Message>, Error> {
    rows.into_iter().map(Message::try_from).collect()
}

/// Writes a mail, which is due after its delay; one that is there already stays as it is.
pub(crate) async fn insert(tx: &mut Tx, new: &NewMessage, now: DateTime<Utc>) -> Result<(), Error> {
    let user = match new.recipient {
        Recipient::Account(user) => Some(user),
        Recipient::BuyerOf(_) => None,
    };
    let NewMessage { subject, .. } = new;
    store::execute!(
        tx,
        "INSERT INTO messages (message_id, event_id, template, recipient, user_id, order_id, shipment_id,
             mail_id, currency, amount, state, since, due_at, create_time, update_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'PENDING', $11, $11, $12, $12)
         ON CONFLICT (event_id, template, recipient) DO NOTHING",
        new.id,
        new.event_id,
        new.template.as_str(),
        new.recipient.to_string(),
        user,
        subject.order_id,
        subject.shipment_id,
        subject.mail_id,
        subject.amount.map(|amount| amount.currency.code().to_owned()),
        subject.amount.map(|amount| amount.minor),
        now + new.template.delay(),
        now
    )?;
    Ok(())
}

/// Whether there is any whose time has come.
pub(crate) async fn is_any_due(tx: &mut Tx, now: DateTime<Utc>) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM messages WHERE due_at <= $1 LIMIT 1";
    Ok(store::fetch_optional!(tx, (i32,), sql, now)?.is_some())
}

/// Takes up to `limit` mails whose time has come, counts the attempt, and leaves them to others again at
/// `until`. Replicas that ask at once get different ones.
pub(crate) async fn claim(
    tx: &mut Tx,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Message>, Error> {
    let sql = tx.dialect().pick(
        concat!(
            "UPDATE messages SET due_at = $2, attempts = attempts + 1
             WHERE message_id = ANY (ARRAY(
                 SELECT message_id FROM messages WHERE due_at <= $1
                 ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED))
             RETURNING ",
            columns!()
        ),
        concat!(
            "UPDATE messages SET due_at = $2, attempts = attempts + 1
             WHERE message_id IN (
                 SELECT message_id FROM messages WHERE due_at <= $1 ORDER BY due_at LIMIT $3)
             RETURNING ",
            columns!()
        ),
    );
    all(store::fetch_all!(tx, Row, sql, now, until, limit)?)
}

/// Writes what came of an attempt. Returns false if somebody else has had the mail since, or has asked
/// for it to be sent again.
pub(crate) async fn settle(
    tx: &mut Tx,
    message: &Message,
    user: Option<Uuid>,
    next: &Next,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let due_at = next.pause.map(|pause| now + pause);
    let settled = store::execute!(
        tx,
        "UPDATE messages SET state = $4, detail = $5, due_at = $6, user_id = coalesce($7, user_id),
             update_time = CASE WHEN state = $4 THEN update_time ELSE $8 END
         WHERE message_id = $1 AND round = $2 AND attempts = $3 AND state = 'PENDING'",
        message.id,
        message.round,
        message.attempts,
        next.state.as_str(),
        next.detail.as_str(),
        due_at,
        user,
        now
    )?;
    Ok(settled == 1)
}

/// Has a mail sent again from the beginning; returns it, if there is one.
pub(crate) async fn resend(
    tx: &mut Tx,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<Message>, Error> {
    // One that waits is another try of the same.
    let sql = concat!(
        "UPDATE messages SET round = round + CASE WHEN state = 'PENDING' THEN 0 ELSE 1 END,
             state = 'PENDING', attempts = 0, since = $2, due_at = $2, update_time = $2
         WHERE message_id = $1 RETURNING ",
        columns!()
    );
    let row = store::fetch_optional!(tx, Row, sql, id, now)?;
    row.map(Message::try_from).transpose()
}

/// At most `limit` mails, the newest first, from the one before `before` on. `None` is any user, any state.
pub(crate) async fn list(
    tx: &mut Tx,
    user: Option<Uuid>,
    state: Option<State>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Message>, Error> {
    let (before, state) = (before.unwrap_or(Uuid::max()), state.map(State::as_str));
    let rows = match (user, state) {
        (Some(user), state) => store::fetch_all!(
            tx,
            Row,
            select!(
                "user_id = $1 AND ($2 IS NULL OR state = $2) AND message_id < $3
                 ORDER BY message_id DESC LIMIT $4"
            ),
            user,
            state,
            before,
            limit
        )?,
        (None, Some(state)) => store::fetch_all!(
            tx,
            Row,
            select!("state = $1 AND message_id < $2 ORDER BY message_id DESC LIMIT $3"),
            state,
            before,
            limit
        )?,
        (None, None) => store::fetch_all!(
            tx,
            Row,
            select!("message_id < $1 ORDER BY message_id DESC LIMIT $2"),
            before,
            limit
        )?,
    };
    all(rows)
}

/// How many mails are due, and since when the oldest of them is to be sent.
pub(crate) async fn waiting(
    tx: &mut Tx,
    now: DateTime<Utc>,
) -> Result<(i64, Option<DateTime<Utc>>), Error> {
    store::fetch_one!(
        tx,
        (i64, Option<DateTime<Utc>>),
        "SELECT count(*), min(since) FROM (
             SELECT since FROM messages WHERE due_at IS NOT NULL ORDER BY due_at LIMIT $2) AS waiting
         WHERE since <= $1",
        now,
        measure::MOST
    )
}

/// Removes mails that do not wait any more.
pub(crate) const REMOVE_OLD: &str = "DELETE FROM messages WHERE message_id IN
     (SELECT message_id FROM messages WHERE due_at IS NULL AND update_time < $1 LIMIT $2)";

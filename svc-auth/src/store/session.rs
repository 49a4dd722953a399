//! The table `sessions`: a row per session that has not ended.

use chrono::{DateTime, Utc};
use store::{Tx, measure};
use uuid::Uuid;

use crate::domain::session::Progress;
use crate::error::Error;

/// A session.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Session {
    /// Id of the session.
    pub session_id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// How many times it was refreshed.
    pub generation: i64,
    /// When it was signed in.
    pub create_time: DateTime<Utc>,
    /// When it was refreshed last.
    pub rotate_time: DateTime<Utc>,
    /// When it ends unless it is refreshed.
    pub expire_time: DateTime<Utc>,
    /// The client's user agent at sign-in.
    pub user_agent: String,
    /// The client's address at sign-in; empty if it was not known.
    pub address: String,
    /// The client's address when it was refreshed last.
    pub last_address: String,
    /// Whether the operator signed in, by a key.
    pub by_key: bool,
}

/// `SELECT` of a session, and what comes after it.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT session_id, user_id, generation, create_time, rotate_time, expire_time, \
             user_agent, address, last_address, by_key FROM sessions ",
            $rest
        )
    };
}

impl Session {
    /// How far it has come, if it ends at `end_time` in any case.
    #[must_use]
    pub fn progress(&self, end_time: DateTime<Utc>) -> Progress {
        Progress {
            generation: self.generation,
            rotate_time: self.rotate_time,
            expire_time: self.expire_time,
            end_time,
        }
    }
}

/// Adds a session, with the hash of its first refresh token.
pub async fn insert(tx: &mut Tx, session: &Session, token_hash: &[u8]) -> Result<(), Error> {
    store::execute!(
        tx,
        "INSERT INTO sessions (session_id, user_id, generation, token_hash, create_time, \
         rotate_time, expire_time, user_agent, address, last_address, by_key) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        session.session_id,
        session.user_id,
        session.generation,
        token_hash,
        session.create_time,
        session.rotate_time,
        session.expire_time,
        session.user_agent.as_str(),
        session.address.as_str(),
        session.last_address.as_str(),
        session.by_key
    )?;
    Ok(())
}

/// The session with this id.
pub async fn find(tx: &mut Tx, session_id: Uuid) -> Result<Option<Session>, Error> {
    Ok(store::fetch_optional!(
        tx,
        Session,
        select!("WHERE session_id = $1"),
        session_id
    )?)
}

/// Gives the session its next refresh token if `old` is still the current one; says whether it
/// was. Of two that try at once, one succeeds.
pub async fn rotate(
    tx: &mut Tx,
    session_id: Uuid,
    (old, new): (&[u8], &[u8]),
    (now, expire_time): (DateTime<Utc>, DateTime<Utc>),
    address: &str,
) -> Result<bool, Error> {
    let rows = store::execute!(
        tx,
        "UPDATE sessions SET generation = generation + 1, token_hash = $3, rotate_time = $4, \
         expire_time = $5, last_address = $6 WHERE session_id = $1 AND token_hash = $2",
        session_id,
        old,
        new,
        now,
        expire_time,
        address
    )?;
    Ok(rows == 1)
}

/// A page of an account's sessions before `before`, the newest first: those that have not expired
/// at `now` and were signed in after `oldest`.
pub async fn list(
    tx: &mut Tx,
    user_id: Uuid,
    before: Uuid,
    (now, oldest): (DateTime<Utc>, DateTime<Utc>),
    limit: i64,
) -> Result<Vec<Session>, Error> {
    Ok(store::fetch_all!(
        tx,
        Session,
        select!(
            "WHERE user_id = $1 AND session_id < $2 AND expire_time > $3 AND create_time > $4 \
             ORDER BY session_id DESC LIMIT $5"
        ),
        user_id,
        before,
        now,
        oldest,
        limit
    )?)
}

/// How many of the newest have not ended; as [`list`] has it, of all accounts.
pub(crate) async fn count_open(
    tx: &mut Tx,
    (now, oldest): (DateTime<Utc>, DateTime<Utc>),
) -> Result<i64, store::Error> {
    let (count,) = store::fetch_one!(
        tx,
        (i64,),
        "SELECT count(*) FROM (
             SELECT expire_time, create_time FROM sessions ORDER BY session_id DESC LIMIT $3
         ) AS newest WHERE expire_time > $1 AND create_time > $2",
        now,
        oldest,
        measure::MOST
    )?;
    Ok(count)
}

/// Ends one session; whose it was, if it was there.
pub async fn delete(tx: &mut Tx, session_id: Uuid) -> Result<Option<Uuid>, Error> {
    let row = store::fetch_optional!(
        tx,
        (Uuid,),
        "DELETE FROM sessions WHERE session_id = $1 RETURNING user_id",
        session_id
    )?;
    Ok(row.map(|(user_id,)| user_id))
}

/// Ends an account's sessions but `except`; which they were.
pub async fn delete_of_user(
    tx: &mut Tx,
    user_id: Uuid,
    except: Option<Uuid>,
) -> Result<Vec<Uuid>, Error> {
    let rows = store::fetch_all!(
        tx,
        (Uuid,),
        "DELETE FROM sessions WHERE user_id = $1 AND session_id <> $2 RETURNING session_id",
        user_id,
        except.unwrap_or_default()
    )?;
    Ok(rows.into_iter().map(|(session_id,)| session_id).collect())
}

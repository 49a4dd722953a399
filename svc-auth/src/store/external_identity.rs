//! The table `external_identities`: who somebody is elsewhere, and whose account that signs in to.

use chrono::{DateTime, Utc};
use store::Tx;
use uuid::Uuid;

use crate::error::Error;

/// An identity that belongs to an account.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ExternalIdentity {
    /// Its id.
    pub external_identity_id: Uuid,
    /// Who answers for it.
    pub issuer: String,
    /// Its name there, which is given to nobody else ever.
    pub subject: String,
    /// Whose it is.
    pub user_id: Uuid,
    /// When it became the account's.
    pub create_time: DateTime<Utc>,
    /// What stands for a session in the access tokens that are given for those of the issuer.
    pub session_id: Option<Uuid>,
}

/// `SELECT` of these, and what comes after it.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT external_identity_id, issuer, subject, user_id, create_time, session_id \
             FROM external_identities ",
            $rest
        )
    };
}

/// Adds an identity unless it is somebody's; says whether it was added.
pub async fn insert(tx: &mut Tx, identity: &ExternalIdentity) -> Result<bool, Error> {
    let rows = store::execute!(
        tx,
        "INSERT INTO external_identities (external_identity_id, issuer, subject, user_id, \
         create_time) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        identity.external_identity_id,
        identity.issuer.as_str(),
        identity.subject.as_str(),
        identity.user_id,
        identity.create_time
    )?;
    Ok(rows == 1)
}

/// The identity of that name at that issuer, if it is somebody's.
pub async fn find(
    tx: &mut Tx,
    issuer: &str,
    subject: &str,
) -> Result<Option<ExternalIdentity>, Error> {
    let sql = select!("WHERE issuer = $1 AND subject = $2");
    Ok(store::fetch_optional!(
        tx,
        ExternalIdentity,
        sql,
        issuer,
        subject
    )?)
}

/// How many an account has.
pub async fn count(tx: &mut Tx, user_id: Uuid) -> Result<i64, Error> {
    let sql = "SELECT count(*) FROM external_identities WHERE user_id = $1";
    let (count,) = store::fetch_one!(tx, (i64,), sql, user_id)?;
    Ok(count)
}

/// A page of an account's, before `before`, the newest first.
pub async fn list(
    tx: &mut Tx,
    user_id: Uuid,
    before: Uuid,
    limit: i64,
) -> Result<Vec<ExternalIdentity>, Error> {
    Ok(store::fetch_all!(
        tx,
        ExternalIdentity,
        select!(
            "WHERE user_id = $1 AND external_identity_id < $2 \
             ORDER BY external_identity_id DESC LIMIT $3"
        ),
        user_id,
        before,
        limit
    )?)
}

/// What stands for a session in the access tokens that are given for those of the issuer: `new` if there
/// was nothing; `None` if the identity is gone.
pub async fn begin_session(
    tx: &mut Tx,
    external_identity_id: Uuid,
    new: Uuid,
) -> Result<Option<Uuid>, Error> {
    let row = store::fetch_optional!(
        tx,
        (Uuid,),
        "UPDATE external_identities SET session_id = COALESCE(session_id, $2) \
         WHERE external_identity_id = $1 RETURNING session_id",
        external_identity_id,
        new
    )?;
    Ok(row.map(|(session_id,)| session_id))
}

/// Has nothing stand for a session of an account's any more; what stood for one before.
pub async fn end_sessions(tx: &mut Tx, user_id: Uuid) -> Result<Vec<Uuid>, Error> {
    let sql = "SELECT session_id FROM external_identities \
               WHERE user_id = $1 AND session_id IS NOT NULL ORDER BY session_id";
    let rows = store::fetch_all!(tx, (Uuid,), sql, user_id)?;
    let mut ended = Vec::new();
    for (session_id,) in rows {
        // One that has begun since goes on: it was given what the account has now.
        store::execute!(
            tx,
            "UPDATE external_identities SET session_id = NULL WHERE user_id = $1 AND session_id = $2",
            user_id,
            session_id
        )?;
        ended.push(session_id);
    }
    Ok(ended)
}

/// Parts one from an account, if it was the account's; what stood for its session, if anything did.
pub async fn delete(
    tx: &mut Tx,
    external_identity_id: Uuid,
    user_id: Uuid,
) -> Result<Option<Option<Uuid>>, Error> {
    let row = store::fetch_optional!(
        tx,
        (Option<Uuid>,),
        "DELETE FROM external_identities WHERE external_identity_id = $1 AND user_id = $2 \
         RETURNING session_id",
        external_identity_id,
        user_id
    )?;
    Ok(row.map(|(session_id,)| session_id))
}

/// Parts all of an account's from it; what stood for their sessions.
pub async fn forget(tx: &mut Tx, user_id: Uuid) -> Result<Vec<Uuid>, Error> {
    let sql = "DELETE FROM external_identities WHERE user_id = $1 RETURNING session_id";
    let rows = store::fetch_all!(tx, (Option<Uuid>,), sql, user_id)?;
    Ok(rows
        .into_iter()
        .filter_map(|(session_id,)| session_id)
        .collect())
}

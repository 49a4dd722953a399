//! The table `email_proofs`: addresses that are being proved.

use chrono::{DateTime, Utc};
use store::Tx;
use uuid::Uuid;

use crate::error::Error;

/// An address that is being proved to be an account's.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct EmailProof {
    /// Its id, that of the mail that its token goes by, if it needs one.
    pub proof_id: Uuid,
    /// Id of the account.
    pub user_id: Uuid,
    /// The address that the account had when it was asked for.
    pub current_email: String,
    /// The address: the same, or one that is to become the account's.
    pub email: String,
}

/// Adds a proof whose token was mailed. Those of the account whose tokens have not come back end.
pub async fn issue(
    tx: &mut Tx,
    proof: &EmailProof,
    token_hash: &[u8],
    expire_time: DateTime<Utc>,
) -> Result<(), Error> {
    store::execute!(
        tx,
        "DELETE FROM email_proofs WHERE user_id = $1 AND state = 'ISSUED'",
        proof.user_id
    )?;
    store::execute!(
        tx,
        "INSERT INTO email_proofs (proof_id, user_id, token_hash, current_email, email, state, \
         expire_time) VALUES ($1, $2, $3, $4, $5, 'ISSUED', $6)",
        proof.proof_id,
        proof.user_id,
        token_hash,
        proof.current_email.as_str(),
        proof.email.as_str(),
        expire_time
    )?;
    Ok(())
}

/// Adds a proof that needs no token. It is gone on with from `now` on.
pub async fn vouch(tx: &mut Tx, proof: &EmailProof, now: DateTime<Utc>) -> Result<(), Error> {
    store::execute!(
        tx,
        "INSERT INTO email_proofs (proof_id, user_id, current_email, email, state, expire_time, \
         heal_time) VALUES ($1, $2, $3, $4, 'USED', $5, $5)",
        proof.proof_id,
        proof.user_id,
        proof.current_email.as_str(),
        proof.email.as_str(),
        now
    )?;
    Ok(())
}

/// Whether somebody vouches for the address of an account, and it only has to be gone on with.
pub async fn is_vouched(tx: &mut Tx, user_id: Uuid) -> Result<bool, Error> {
    let sql = "SELECT proof_id FROM email_proofs WHERE user_id = $1 AND state = 'USED' LIMIT 1";
    Ok(store::fetch_optional!(tx, (Uuid,), sql, user_id)?.is_some())
}

/// The hash of the token that went by a mail, if it is good at `now` and has not come back.
pub async fn hash_of_mail(
    tx: &mut Tx,
    mail_id: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<Vec<u8>>, Error> {
    let row = store::fetch_optional!(
        tx,
        (Vec<u8>,),
        "SELECT token_hash FROM email_proofs \
         WHERE proof_id = $1 AND state = 'ISSUED' AND expire_time > $2",
        mail_id,
        now
    )?;
    Ok(row.map(|(hash,)| hash))
}

/// Uses a token up, and leaves what is to be done to the caller until `heal_time`. One that came back
/// before, with which nobody has come to an end yet, is the caller's too.
pub async fn use_up(
    tx: &mut Tx,
    token_hash: &[u8],
    now: DateTime<Utc>,
    heal_time: DateTime<Utc>,
) -> Result<Option<EmailProof>, Error> {
    Ok(store::fetch_optional!(
        tx,
        EmailProof,
        "UPDATE email_proofs SET state = 'USED', heal_time = $3 \
         WHERE token_hash = $1 AND (state = 'USED' OR expire_time > $2) \
         RETURNING proof_id, user_id, current_email, email",
        token_hash,
        now,
        heal_time
    )?)
}

/// One that nobody went on with, reserved for the caller until `until`.
pub async fn lease_used(
    tx: &mut Tx,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Option<EmailProof>, Error> {
    Ok(store::fetch_optional!(
        tx,
        EmailProof,
        "UPDATE email_proofs SET heal_time = $2 WHERE state = 'USED' AND heal_time <= $1 \
         AND proof_id = (SELECT proof_id FROM email_proofs WHERE state = 'USED' \
         AND heal_time <= $1 ORDER BY heal_time, proof_id LIMIT 1) \
         RETURNING proof_id, user_id, current_email, email",
        now,
        until
    )?)
}

/// Puts one off until `time`.
pub async fn heal_at(tx: &mut Tx, proof_id: Uuid, time: DateTime<Utc>) -> Result<(), Error> {
    store::execute!(
        tx,
        "UPDATE email_proofs SET heal_time = $2 WHERE proof_id = $1 AND state = 'USED'",
        proof_id,
        time
    )?;
    Ok(())
}

/// Takes one away that has come to its end; says whether it was there.
pub async fn delete(tx: &mut Tx, proof_id: Uuid) -> Result<bool, Error> {
    let sql = "DELETE FROM email_proofs WHERE proof_id = $1";
    Ok(store::execute!(tx, sql, proof_id)? == 1)
}

/// Forgets those of an account.
pub async fn forget(tx: &mut Tx, user_id: Uuid) -> Result<(), Error> {
    store::execute!(tx, "DELETE FROM email_proofs WHERE user_id = $1", user_id)?;
    Ok(())
}

//! The table `credentials`.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use store::Tx;
use uuid::Uuid;

use crate::domain::password::hash::Form;
use crate::error::Error;

/// How many forms of hashes are told at most. Systems that were taken over bring one or two.
const MOST_FORMS: i64 = 8;

/// What an account proves itself with.
#[derive(Clone)]
pub struct Credential {
    /// Id of the account.
    pub user_id: Uuid,
    /// E-mail address as it was typed.
    pub email: String,
    /// Hash of the password.
    pub password_hash: String,
    /// What is still to be done, if the account is not known to be opened.
    pub pending: Option<Pending>,
}

/// What svc-users has yet to be told.
#[derive(Clone, Debug)]
pub struct Pending {
    /// Name shown to others.
    pub display_name: String,
    /// Roles beside `user`.
    pub roles: Vec<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    user_id: Uuid,
    email: String,
    password_hash: String,
    display_name: Option<String>,
    roles: Option<Json<Vec<String>>>,
}

impl From<Row> for Credential {
    fn from(row: Row) -> Self {
        let pending = row.display_name.map(|display_name| Pending {
            display_name,
            roles: row.roles.map(|roles| roles.0).unwrap_or_default(),
        });
        let Row {
            user_id,
            email,
            password_hash,
            ..
        } = row;
        Self {
            user_id,
            email,
            password_hash,
            pending,
        }
    }
}

/// Of all that a [`Row`] holds.
macro_rules! columns {
    () => {
        "user_id, email, password_hash, display_name, roles"
    };
}

/// `SELECT` of these, of those that `$which` tells.
macro_rules! select {
    ($which:literal) => {
        concat!("SELECT ", columns!(), " FROM credentials WHERE ", $which)
    };
}

/// The credential of an e-mail address, given in the form that is compared.
pub async fn find_by_email(tx: &mut Tx, email_key: &str) -> Result<Option<Credential>, Error> {
    let row = store::fetch_optional!(tx, Row, select!("email_key = $1"), email_key)?;
    Ok(row.map(Credential::from))
}

/// The credential of an account.
pub async fn find(tx: &mut Tx, user_id: Uuid) -> Result<Option<Credential>, Error> {
    let row = store::fetch_optional!(tx, Row, select!("user_id = $1"), user_id)?;
    Ok(row.map(Credential::from))
}

/// Whether the credential of an account was made after `time`.
pub async fn is_made_after(tx: &mut Tx, user_id: Uuid, time: DateTime<Utc>) -> Result<bool, Error> {
    let sql = "SELECT user_id FROM credentials WHERE user_id = $1 AND create_time > $2";
    let row = store::fetch_optional!(tx, (Uuid,), sql, user_id, time)?;
    Ok(row.is_some())
}

/// Adds a credential unless the address or the account has one; says whether it was added. One
/// that is pending is left to its caller until `heal_time`.
pub async fn insert(
    tx: &mut Tx,
    credential: &Credential,
    email_key: &str,
    heal_time: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let pending = credential.pending.as_ref();
    let rows = store::execute!(
        tx,
        concat!(
            "INSERT INTO credentials (",
            columns!(),
            ", email_key, state, heal_time, create_time, update_time, hash_form) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10) ON CONFLICT DO NOTHING"
        ),
        credential.user_id,
        credential.email.as_str(),
        credential.password_hash.as_str(),
        pending.map(|pending| pending.display_name.as_str()),
        pending.map(|pending| Json(&pending.roles)),
        email_key,
        if pending.is_some() {
            "PENDING"
        } else {
            "ACTIVE"
        },
        pending.map(|_| heal_time),
        now,
        Form::of(&credential.password_hash).as_str()
    )?;
    Ok(rows == 1)
}

/// The account is opened: what svc-users knows now is not kept here a second time. False if that was
/// known.
pub async fn activate(tx: &mut Tx, user_id: Uuid, now: DateTime<Utc>) -> Result<bool, Error> {
    let rows = store::execute!(
        tx,
        "UPDATE credentials SET state = 'ACTIVE', display_name = NULL, roles = NULL, \
         heal_time = NULL, update_time = $2 WHERE user_id = $1 AND state = 'PENDING'",
        user_id,
        now
    )?;
    Ok(rows == 1)
}

/// The account has another address.
pub async fn change_email(
    tx: &mut Tx,
    user_id: Uuid,
    (email, email_key): (&str, &str),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    store::execute!(
        tx,
        "UPDATE credentials SET email = $2, email_key = $3, update_time = $4 WHERE user_id = $1",
        user_id,
        email,
        email_key,
        now
    )?;
    Ok(())
}

/// svc-users refused the account for good. False if it was opened, or given up, already.
pub async fn give_up(tx: &mut Tx, user_id: Uuid) -> Result<bool, Error> {
    let rows = store::execute!(
        tx,
        "DELETE FROM credentials WHERE user_id = $1 AND state = 'PENDING'",
        user_id
    )?;
    Ok(rows == 1)
}

/// The account is gone.
pub async fn delete(tx: &mut Tx, user_id: Uuid) -> Result<(), Error> {
    store::execute!(tx, "DELETE FROM credentials WHERE user_id = $1", user_id)?;
    Ok(())
}

/// Replaces the hash, unless it is not `old` any more; says whether it did.
pub async fn replace_hash(
    tx: &mut Tx,
    user_id: Uuid,
    old: &str,
    new: &str,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let rows = store::execute!(
        tx,
        "UPDATE credentials SET password_hash = $3, update_time = $4, hash_form = $5 \
         WHERE user_id = $1 AND password_hash = $2",
        user_id,
        old,
        new,
        now,
        Form::of(new).as_str()
    )?;
    Ok(rows == 1)
}

/// The forms of all hashes there are. Each is found by a step in the index, not by reading it.
pub async fn forms(tx: &mut Tx) -> Result<Vec<Form>, Error> {
    let rows = store::fetch_all!(
        tx,
        (String,),
        "WITH RECURSIVE forms (form) AS (\
         SELECT min(hash_form) FROM credentials WHERE hash_form > '' \
         UNION ALL \
         SELECT (SELECT min(hash_form) FROM credentials WHERE hash_form > forms.form) \
         FROM forms WHERE forms.form IS NOT NULL) \
         SELECT form FROM forms WHERE form IS NOT NULL LIMIT $1",
        MOST_FORMS
    )?;
    Ok(rows.into_iter().map(|(form,)| Form::read(form)).collect())
}

/// A registration that nobody went on with, reserved for the caller until `until`.
pub async fn lease_pending(
    tx: &mut Tx,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Option<Credential>, Error> {
    let row = store::fetch_optional!(
        tx,
        Row,
        concat!(
            "UPDATE credentials SET heal_time = $2 WHERE state = 'PENDING' AND heal_time <= $1 \
             AND user_id = (SELECT user_id FROM credentials WHERE state = 'PENDING' \
             AND heal_time <= $1 ORDER BY heal_time LIMIT 1) RETURNING ",
            columns!()
        ),
        now,
        until
    )?;
    Ok(row.map(Credential::from))
}

/// Puts a registration off until `time`.
pub async fn heal_at(tx: &mut Tx, user_id: Uuid, time: DateTime<Utc>) -> Result<(), Error> {
    store::execute!(
        tx,
        "UPDATE credentials SET heal_time = $2 WHERE user_id = $1 AND state = 'PENDING'",
        user_id,
        time
    )?;
    Ok(())
}

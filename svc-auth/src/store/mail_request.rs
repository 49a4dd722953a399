//! The table `mail_requests`: what is looked up afterwards.

use chrono::{DateTime, Utc};
use store::{Dialect, Tx};
use uuid::Uuid;

use crate::error::Error;

/// What a mail is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// To set the password of the address's account.
    ResetPassword,
    /// To have the address become an account's.
    ChangeEmail,
}

impl Wish {
    fn as_str(self) -> &'static str {
        match self {
            Self::ResetPassword => "RESET_PASSWORD",
            Self::ChangeEmail => "CHANGE_EMAIL",
        }
    }
}

impl TryFrom<String> for Wish {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let found = [Self::ResetPassword, Self::ChangeEmail]
            .into_iter()
            .find(|wish| wish.as_str() == name);
        found.ok_or_else(|| format!("`{name}` is nothing that a mail is asked for"))
    }
}

/// A request for a mail.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct MailRequest {
    /// Its id.
    pub request_id: Uuid,
    /// What it is for.
    #[sqlx(try_from = "String")]
    pub action: Wish,
    /// The address, as it was typed.
    pub email: String,
    /// The form of it that is compared.
    pub email_key: String,
    /// The account that asks; none of whoever asks for a new password.
    pub user_id: Option<Uuid>,
    /// The client's address.
    pub address: String,
    /// The client's user agent.
    pub user_agent: String,
    /// When it was asked; later for one that is looked up, until when it is left to who does.
    pub request_time: DateTime<Utc>,
}

/// Adds a request. The same for the same address, which nobody has looked at yet, is one.
pub async fn insert(tx: &mut Tx, request: &MailRequest) -> Result<(), Error> {
    store::execute!(
        tx,
        "INSERT INTO mail_requests (request_id, action, email, email_key, user_id, address, \
         user_agent, request_time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        request.request_id,
        request.action.as_str(),
        request.email.as_str(),
        request.email_key.as_str(),
        request.user_id,
        request.address.as_str(),
        request.user_agent.as_str(),
        request.request_time
    )?;
    Ok(())
}

/// Takes the oldest away that is due at `now` and that nobody else is at.
pub async fn take(tx: &mut Tx, now: DateTime<Utc>) -> Result<Option<MailRequest>, Error> {
    macro_rules! take {
        ($lock:literal) => {
            concat!(
                "DELETE FROM mail_requests WHERE request_id = (SELECT request_id FROM mail_requests \
                 WHERE request_time <= $1 ORDER BY request_time, request_id LIMIT 1",
                $lock,
                ") RETURNING request_id, action, email, email_key, user_id, address, user_agent, \
                 request_time"
            )
        };
    }
    let sql = match tx.dialect() {
        Dialect::Postgres => take!(" FOR UPDATE SKIP LOCKED"),
        Dialect::Sqlite => take!(""),
    };
    Ok(store::fetch_optional!(tx, MailRequest, sql, now)?)
}

/// Takes one away; says whether it was there.
pub async fn remove(tx: &mut Tx, request_id: Uuid) -> Result<bool, Error> {
    let sql = "DELETE FROM mail_requests WHERE request_id = $1";
    Ok(store::execute!(tx, sql, request_id)? == 1)
}

/// Forgets what an account has asked for.
pub async fn forget(tx: &mut Tx, user_id: Uuid) -> Result<(), Error> {
    store::execute!(tx, "DELETE FROM mail_requests WHERE user_id = $1", user_id)?;
    Ok(())
}

//! The table `account_mails`.

use chrono::{DateTime, Utc};
use store::Tx;
use uuid::Uuid;

use crate::domain::mail::MailKind;
use crate::error::Error;

/// A mail to an account.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct AccountMail {
    /// Its id.
    pub mail_id: Uuid,
    /// Id of the account.
    pub user_id: Uuid,
    /// What it is about.
    #[sqlx(try_from = "String")]
    pub kind: MailKind,
    /// Whereto.
    pub email: String,
    /// Address of the client that caused it; empty if it is not known.
    pub address: String,
    /// That client's user agent.
    pub user_agent: String,
    /// When it was asked for, or happened.
    pub create_time: DateTime<Utc>,
    /// When there is no use in sending it any more.
    pub expire_time: DateTime<Utc>,
}

/// Adds a mail.
pub async fn insert(tx: &mut Tx, mail: &AccountMail) -> Result<(), Error> {
    store::execute!(
        tx,
        "INSERT INTO account_mails (mail_id, user_id, kind, email, address, user_agent, create_time, \
         expire_time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        mail.mail_id,
        mail.user_id,
        mail.kind.as_str(),
        mail.email.as_str(),
        mail.address.as_str(),
        mail.user_agent.as_str(),
        mail.create_time,
        mail.expire_time
    )?;
    Ok(())
}

/// A mail that is worth sending at `now`.
pub async fn find(
    tx: &mut Tx,
    mail_id: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<AccountMail>, Error> {
    Ok(store::fetch_optional!(
        tx,
        AccountMail,
        "SELECT mail_id, user_id, kind, email, address, user_agent, create_time, expire_time \
         FROM account_mails WHERE mail_id = $1 AND expire_time > $2",
        mail_id,
        now
    )?)
}

/// Forgets the mails of an account.
pub async fn forget(tx: &mut Tx, user_id: Uuid) -> Result<(), Error> {
    store::execute!(tx, "DELETE FROM account_mails WHERE user_id = $1", user_id)?;
    Ok(())
}

//! GetAccountMail: what svc-notify is told at the moment of sending.

use contracts::tradewind::auth::v1::{GetAccountMailRequest, GetAccountMailResponse};
use net::clock::timestamp;
use runtime::id;
use secrecy::ExposeSecret as _;
use store::Tx;

use crate::domain::device;
use crate::domain::mail::MailKind;
use crate::error::Error;
use crate::mails::message_kind;
use crate::service::Auth;
use crate::store::account_mail::{self, AccountMail};
use crate::store::{email_proof, password_reset};

pub(super) async fn get(
    auth: &Auth,
    request: GetAccountMailRequest,
) -> Result<GetAccountMailResponse, Error> {
    let mail_id = id::parse("mailId", &request.mail_id)?;
    let over = || Error::MailOver(mail_id);
    let mut tx = auth.db.read().await?;
    let found = account_mail::find(&mut tx, mail_id, auth.clock.now()).await?;
    let mail = found.ok_or_else(over)?;
    let token = match link(auth, &mut tx, &mail).await? {
        Link::None => String::new(),
        Link::Over => return Err(over()),
        Link::Good(hash) => {
            let token = auth.mail_tokens.find(mail_id, &hash).ok_or_else(over)?;
            token.expose_secret().to_owned()
        }
    };
    drop(tx);
    let account = match auth.accounts.active(mail.user_id).await {
        Err(Error::AccountInactive) => return Err(over()),
        account => account?,
    };
    let device = match mail.kind {
        // Nothing is written down of an administrator's client.
        MailKind::SecondFactorRemoved => String::new(),
        _ => device::name(&mail.user_agent),
    };
    Ok(GetAccountMailResponse {
        kind: message_kind(mail.kind).into(),
        recipient: mail.email,
        display_name: account.display_name,
        expire_time: Some(timestamp(mail.expire_time)),
        token,
        create_time: Some(timestamp(mail.create_time)),
        device,
        ip_address: mail.address,
        language: account.language,
    })
}

/// What there is of a mail's link.
enum Link {
    /// It has none.
    None,
    /// It opens nothing any more.
    Over,
    /// The hash of its token.
    Good(Vec<u8>),
}

async fn link(auth: &Auth, tx: &mut Tx, mail: &AccountMail) -> Result<Link, Error> {
    let now = auth.clock.now();
    let hash = match mail.kind {
        MailKind::PasswordReset => {
            password_reset::hash_of_mail(tx, mail.mail_id, mail.user_id, now).await?
        }
        MailKind::EmailVerification => email_proof::hash_of_mail(tx, mail.mail_id, now).await?,
        _ => return Ok(Link::None),
    };
    Ok(hash.map_or(Link::Over, Link::Good))
}

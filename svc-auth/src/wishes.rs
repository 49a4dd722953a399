//! Requests for mails that must not tell who has an account: the call writes one down, the same for any
//! address, and what comes of it is found out here, when nobody waits for it.

use std::time::Duration;

use runtime::call::{CallContext, Caller};
use store::Tx;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::domain::mail::MailKind;
use crate::error::Error;
use crate::service::Auth;
use crate::store::audit::{self, Action, Entry, Outcome};
use crate::store::credential;
use crate::store::mail_request::{self, MailRequest, Wish};
use crate::{first_password, healing, mails};

/// How many addresses are looked up in a row.
const LOOK_UPS: usize = 100;

/// Writes down what somebody wishes.
pub(crate) async fn note(
    auth: &Auth,
    tx: &mut Tx,
    call: &CallContext,
    action: Wish,
    (email, email_key): (String, String),
) -> Result<(), Error> {
    let user_id = match action {
        Wish::ResetPassword => None,
        Wish::ChangeEmail => Some(call.caller.user()?.id),
    };
    let request = MailRequest {
        request_id: auth.random.uuid7(&auth.clock),
        action,
        email,
        email_key,
        user_id,
        address: audit::address(call),
        user_agent: audit::user_agent(call),
        request_time: auth.clock.now(),
    };
    mail_request::insert(tx, &request).await?;
    tx.wake_on_commit(&auth.wishes);
    Ok(())
}

/// Has what is asked for sent, as soon as it is asked for, and every `interval` what other replicas left
/// behind.
pub(crate) async fn run(auth: Auth, interval: Duration, shutdown: CancellationToken) {
    loop {
        if let Err(error) = grant_all(&auth).await {
            tracing::warn!(%error, "what mails were asked for could not be looked at");
        }
        let woken = async {
            tokio::select! {
                () = auth.wishes.notified() => {}
                () = tokio::time::sleep(interval) => {}
            }
        };
        if shutdown.run_until_cancelled(woken).await.is_none() {
            return;
        }
    }
}

async fn grant_all(auth: &Auth) -> Result<(), Error> {
    loop {
        let unknown = grant_known(auth).await?;
        for request in &unknown {
            if let Err(error) = look_up(auth, request).await {
                tracing::debug!(%error, "whether addresses have accounts has to wait");
                break;
            }
        }
        if unknown.len() < LOOK_UPS {
            return Ok(());
        }
    }
}

/// Does what is asked for of accounts that are known here, until nothing is due or so many others are to
/// be looked up: they come after, so that svc-users being away keeps nobody else waiting for long.
async fn grant_known(auth: &Auth) -> Result<Vec<MailRequest>, Error> {
    let mut unknown = Vec::new();
    while unknown.len() < LOOK_UPS {
        let now = auth.clock.now();
        let mut tx = auth.db.begin().await?;
        let Some(request) = mail_request::take(&mut tx, now).await? else {
            break;
        };
        let key = &request.email_key;
        let is_known = request.action != Wish::ResetPassword
            || credential::find_by_email(&mut tx, key).await?.is_some();
        if is_known {
            grant(auth, tx, &request).await?;
            continue;
        }
        let later = MailRequest {
            request_time: now + healing::PATIENCE,
            ..request.clone()
        };
        mail_request::insert(&mut tx, &later).await?;
        tx.commit().await?;
        unknown.push(request);
    }
    Ok(unknown)
}

/// Finds out whether an address that nobody signs in by has an account all the same.
async fn look_up(auth: &Auth, request: &MailRequest) -> Result<(), Error> {
    first_password::prepare(auth, &request.email).await?;
    let mut tx = auth.db.begin().await?;
    if !mail_request::remove(&mut tx, request.request_id).await? {
        // It took so long that somebody else was at it.
        return Ok(());
    }
    grant(auth, tx, request).await
}

/// Does what is asked for, in the transaction that takes the request away.
async fn grant(auth: &Auth, mut tx: Tx, request: &MailRequest) -> Result<(), Error> {
    let call = call_of(request);
    let (action, (outcome, user_id)) = match request.action {
        Wish::ResetPassword => {
            let of = reset(auth, &mut tx, &call, request).await?;
            (Action::RequestPasswordReset, of)
        }
        Wish::ChangeEmail => {
            let of = change(auth, &mut tx, &call, request).await?;
            (Action::RequestEmailChange, of)
        }
    };
    let entry = Entry {
        action,
        outcome,
        user_id,
        session_id: None,
    };
    auth.record(&mut tx, &call, entry).await?;
    tx.commit().await?;
    Ok(())
}

/// The call that asked, as far as it was written down.
fn call_of(request: &MailRequest) -> CallContext {
    CallContext {
        caller: Caller::default(),
        client_address: request.address.parse().ok(),
        user_agent: Some(request.user_agent.as_str().into()),
        ..CallContext::background("account-mail")
    }
}

async fn reset(
    auth: &Auth,
    tx: &mut Tx,
    call: &CallContext,
    request: &MailRequest,
) -> Result<(Outcome, Option<Uuid>), Error> {
    // One that is still to be opened has a password that was typed a moment ago.
    let found = credential::find_by_email(tx, &request.email_key).await?;
    let Some(account) = found.filter(|account| account.pending.is_none()) else {
        return Ok((Outcome::UnknownAccount, None));
    };
    let user_id = Some(account.user_id);
    match mails::admit(auth, tx, MailKind::PasswordReset, &account.email).await {
        Ok(()) => {}
        // Whoever owns the address has links enough. The newest is good, and stays so.
        Err(Error::Throttled(_)) => return Ok((Outcome::Throttled, user_id)),
        Err(error) => return Err(error),
    }
    mails::send_reset(auth, tx, call, &account).await?;
    Ok((Outcome::Done, user_id))
}

async fn change(
    auth: &Auth,
    tx: &mut Tx,
    call: &CallContext,
    request: &MailRequest,
) -> Result<(Outcome, Option<Uuid>), Error> {
    let Some(user_id) = request.user_id else {
        return Ok((Outcome::UnknownAccount, None));
    };
    let Some(account) = credential::find(tx, user_id).await? else {
        return Ok((Outcome::UnknownAccount, Some(user_id)));
    };
    let user_id = Some(user_id);
    let other = credential::find_by_email(tx, &request.email_key).await?;
    if other.is_some_and(|other| other.user_id != account.user_id) {
        return Ok((Outcome::Taken, user_id));
    }
    match mails::admit(auth, tx, MailKind::EmailVerification, &request.email).await {
        Ok(()) => {}
        Err(Error::Throttled(_)) => return Ok((Outcome::Throttled, user_id)),
        Err(error) => return Err(error),
    }
    mails::send_proof(auth, tx, call, &account, &request.email).await?;
    Ok((Outcome::Done, user_id))
}

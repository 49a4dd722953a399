//! Login: an account is signed in with its e-mail address and password.

use contracts::tradewind::auth::v1::LoginRequest;
use runtime::call::CallContext;
use secrecy::SecretString;
use uuid::Uuid;

use super::Auth;
use crate::domain::email::email_key;
use crate::domain::password;
use crate::domain::throttle::{account_bucket, address_bucket};
use crate::error::Error;
use crate::registration;
use crate::store::audit::{Action, Entry, Outcome};
use crate::store::credential::{self, Credential};
use crate::store::{session, throttle};
use crate::tokens::Granted;

pub(super) async fn login(
    auth: &Auth,
    call: &CallContext,
    request: LoginRequest,
) -> Result<Granted, Error> {
    let password = SecretString::from(request.password);
    let key = email_key(&request.email);
    let attempt = Attempt {
        account: account_bucket(&key),
        address: address_bucket("login", call.client_address),
    };
    // The attempt counts before it is looked at, so that many at once count as many.
    let known = attempt.begin(auth, &key).await?;
    let hash = known
        .as_ref()
        .map(|credential| credential.password_hash.clone());
    let matches = auth.hashing.verify(password.clone(), hash).await?;
    let Some(credential) = known.clone().filter(|_| matches) else {
        let outcome = if known.is_some() {
            Outcome::WrongPassword
        } else {
            Outcome::UnknownAccount
        };
        note(
            auth,
            call,
            outcome,
            known.map(|credential| credential.user_id),
        )
        .await?;
        return Err(Error::CredentialsInvalid);
    };
    attempt.was_good(auth).await?;

    registration::finish(auth, &credential).await?;
    if let Err(error) = auth.accounts.roles_if_active(credential.user_id).await {
        if matches!(error, Error::AccountInactive) {
            note(auth, call, Outcome::Inactive, Some(credential.user_id)).await?;
        }
        return Err(error);
    }
    if password::is_outdated(&credential.password_hash) {
        rehash(auth, &credential, password).await?;
    }
    open_session(auth, call, credential.user_id, Action::Login).await
}

/// Where an attempt is counted.
struct Attempt {
    account: String,
    address: String,
}

impl Attempt {
    /// Counts the attempt and reads the credential.
    async fn begin(&self, auth: &Auth, key: &str) -> Result<Option<Credential>, Error> {
        let now = auth.clock.now();
        let mut tx = auth.db.begin().await?;
        throttle::take(&mut tx, &self.address, auth.throttle.login_address(), now).await?;
        throttle::take(&mut tx, &self.account, auth.throttle.login_account(), now).await?;
        let credential = credential::find_by_email(&mut tx, key).await?;
        tx.commit().await?;
        Ok(credential)
    }

    /// The account starts anew; the address has one attempt less, so that whoever owns one
    /// account cannot try the others without end.
    async fn was_good(&self, auth: &Auth) -> Result<(), Error> {
        let mut tx = auth.db.begin().await?;
        throttle::give_back(&mut tx, &self.address, auth.throttle.login_address()).await?;
        throttle::reset(&mut tx, &self.account).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Opens a session of an account and gives its first tokens.
pub(super) async fn open_session(
    auth: &Auth,
    call: &CallContext,
    user_id: Uuid,
    action: Action,
) -> Result<Granted, Error> {
    let (opened, hash) = auth.tokens.new_session(user_id, call);
    let session_id = opened.session_id;
    let mut tx = auth.db.begin().await?;
    session::insert(&mut tx, &opened, &hash).await?;
    let entry = Entry {
        action,
        outcome: Outcome::Done,
        user_id: Some(user_id),
        session_id: Some(session_id),
    };
    auth.record(&mut tx, call, entry).await?;
    tx.commit().await?;

    // Asked once the session is there: whatever closes the account from now on finds it and ends
    // it, and what came before is seen here.
    match auth.accounts.roles_if_active(user_id).await {
        Ok(roles) => Ok(auth.tokens.grant(&opened, 0, roles)),
        Err(error) => {
            let mut tx = auth.db.begin().await?;
            session::delete(&mut tx, session_id).await?;
            tx.commit().await?;
            Err(error)
        }
    }
}

/// Hashes the password as it is done today, now that it is known.
async fn rehash(auth: &Auth, known: &Credential, password: SecretString) -> Result<(), Error> {
    let hash = auth.hashing.hash(password).await?;
    let mut tx = auth.db.begin().await?;
    let (old, now) = (&known.password_hash, auth.clock.now());
    // If it was changed in the meantime, that is as good.
    credential::replace_hash(&mut tx, known.user_id, old, &hash, now).await?;
    tx.commit().await?;
    Ok(())
}

async fn note(
    auth: &Auth,
    call: &CallContext,
    outcome: Outcome,
    user_id: Option<Uuid>,
) -> Result<(), Error> {
    let entry = Entry {
        action: Action::Login,
        outcome,
        user_id,
        session_id: None,
    };
    let mut tx = auth.db.statements().await?;
    auth.record(&mut tx, call, entry).await?;
    tx.commit().await?;
    Ok(())
}

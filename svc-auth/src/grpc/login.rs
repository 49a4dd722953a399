//! Login: an account is signed in with its e-mail address and password.

mod attempt;

use contracts::tradewind::auth::v1::{LoginRequest, LoginResponse};
use runtime::call::CallContext;
use secrecy::SecretString;
use store::Tx;
use uuid::Uuid;

pub(super) use self::attempt::{Attempt, Comparison};
use crate::domain::email::email_key;
use crate::domain::network::Network;
use crate::domain::password::hash::is_outdated;
use crate::domain::password::{Fit, Typed};
use crate::error::Error;
use crate::registration;
use crate::service::Auth;
use crate::store::audit::{Action, Entry, Outcome};
use crate::store::credential::{self, Credential};
use crate::store::{known_network, session};
use crate::tokens::Granted;

pub(super) async fn login(
    auth: &Auth,
    call: &CallContext,
    request: LoginRequest,
) -> Result<LoginResponse, Error> {
    Ok(sign_in(auth, call, request).await?.into())
}

async fn sign_in(auth: &Auth, call: &CallContext, request: LoginRequest) -> Result<Granted, Error> {
    let password = Typed::from(request.password);
    let key = email_key(&request.email);
    let (attempt, Comparison { credential, forms }) = Attempt::begin(auth, call, &key).await?;
    let user_id = credential.as_ref().map(|known| known.user_id);
    let hash = credential.as_ref().map(|known| known.password_hash.clone());
    let fit = auth.hashing.verify(&password, hash, &forms).await?;
    let (Some(credential), Some(fit)) = (credential, fit) else {
        let outcome = match user_id {
            Some(_) => Outcome::WrongPassword,
            None => Outcome::UnknownAccount,
        };
        return refuse(auth, call, outcome, user_id).await;
    };

    let opened = may_sign_in(auth, &credential).await;
    if let Err(Error::AccountInactive) = opened {
        // Whoever has found the password of a closed account learns nothing of it, not even by how
        // often it may be tried.
        return refuse(auth, call, Outcome::Inactive, user_id).await;
    }
    attempt.was_good(auth).await?;
    opened?;
    if fit == Fit::AsTyped || is_outdated(&credential.password_hash) {
        rehash(auth, &credential, password.normal().clone()).await?;
    }
    match open_session(auth, call, &credential, Action::Login).await {
        // It was closed a moment ago.
        Err(Error::AccountInactive) => refuse(auth, call, Outcome::Inactive, user_id).await,
        granted => granted,
    }
}

/// Goes on with a registration that broke off, and asks whether the account is active.
async fn may_sign_in(auth: &Auth, credential: &Credential) -> Result<(), Error> {
    registration::finish(auth, credential).await?;
    auth.accounts.roles_if_active(credential.user_id).await?;
    Ok(())
}

/// Tells everybody the same, and the audit log why.
async fn refuse(
    auth: &Auth,
    call: &CallContext,
    outcome: Outcome,
    user_id: Option<Uuid>,
) -> Result<Granted, Error> {
    let entry = Entry {
        action: Action::Login,
        outcome,
        user_id,
        session_id: None,
    };
    let mut tx = auth.db.statements().await?;
    auth.record(&mut tx, call, entry).await?;
    tx.commit().await?;
    Err(Error::CredentialsInvalid)
}

/// Opens a session of an account and gives its first tokens.
pub(super) async fn open_session(
    auth: &Auth,
    call: &CallContext,
    credential: &Credential,
    action: Action,
) -> Result<Granted, Error> {
    let user_id = credential.user_id;
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
    remember_network(auth, call, &mut tx, credential).await?;
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

/// The client's network is one of the account's from now on.
pub(super) async fn remember_network(
    auth: &Auth,
    call: &CallContext,
    tx: &mut Tx,
    credential: &Credential,
) -> Result<(), Error> {
    let Some(address) = call.client_address else {
        return Ok(());
    };
    let (key, network) = (email_key(&credential.email), Network::of(address));
    let name = auth.networks.name(&key, network);
    let forget_time = auth.clock.now() + auth.throttle.known_network_lifetime;
    known_network::remember(tx, credential.user_id, &name, forget_time).await
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

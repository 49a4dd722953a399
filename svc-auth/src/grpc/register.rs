//! Register: an account is opened and signed in.

mod repetition;

use contracts::tradewind::auth::v1::{RegisterRequest, RegisterResponse};
use runtime::call::CallContext;
use uuid::Uuid;

use self::repetition::Registration;
use super::login;
use super::opening::{self, Proof};
use crate::domain::email::email_key;
use crate::domain::network::Network;
use crate::domain::password::Typed;
use crate::domain::password::rules::Owner;
use crate::domain::throttle::client_buckets;
use crate::error::Error;
use crate::healing;
use crate::registration;
use crate::service::Auth;
use crate::store::audit::{Action, Entry, Outcome};
use crate::store::credential::{self, Credential, Pending};
use crate::tokens::Granted;

pub(super) async fn register(
    auth: &Auth,
    call: &CallContext,
    request: RegisterRequest,
) -> Result<RegisterResponse, Error> {
    Ok(sign_up(auth, call, request).await?.into())
}

async fn sign_up(
    auth: &Auth,
    call: &CallContext,
    request: RegisterRequest,
) -> Result<Granted, Error> {
    let owner = Owner {
        email: &request.email,
        display_name: &request.display_name,
    };
    let password = auth
        .passwords
        .admit(&request.password, owner)
        .map_err(|refusal| Error::PasswordRefused("password", refusal))?;
    let key = email_key(&request.email);
    take_place(auth, call).await?;

    let wanted = Credential {
        user_id: auth.random.uuid7(&auth.clock),
        email: request.email.trim().to_owned(),
        password_hash: auth.hashing.hash(password).await?,
        pending: Some(Pending {
            display_name: request.display_name.clone(),
            roles: Vec::new(),
        }),
    };
    let reserved = reserve(auth, &key, wanted).await?;
    let password = Typed::from(request.password);
    let asked = Registration {
        email: &request.email,
        email_key: &key,
        display_name: &request.display_name,
        password: &password,
    };
    let granted = match own(auth, call, reserved, &asked).await? {
        Ok(credential) => open(auth, call, &credential).await,
        Err(outcome) => Err(outcome),
    };
    match granted {
        Ok(granted) => granted,
        Err(outcome) => {
            note(auth, call, outcome, None).await?;
            Err(Error::EmailTaken(request.email))
        }
    }
}

/// A registration from this address is admitted, or throttled.
pub(super) async fn take_place(auth: &Auth, call: &CallContext) -> Result<(), Error> {
    let network = call.client_address.map(Network::of);
    let mut tx = auth.db.begin().await?;
    for bucket in client_buckets("register", network, auth.throttle.register()) {
        auth.admit(&mut tx, &bucket).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Writes the credential as pending; the one that has the address already, if there is one.
async fn reserve(auth: &Auth, key: &str, wanted: Credential) -> Result<Reserved, Error> {
    let now = auth.clock.now();
    let mut tx = auth.db.begin().await?;
    let heal_time = now + healing::PATIENCE;
    if credential::insert(&mut tx, &wanted, key, heal_time, now).await? {
        tx.commit().await?;
        return Ok(Reserved::New(wanted));
    }
    Ok(credential::find_by_email(&mut tx, key)
        .await?
        .map_or(Reserved::Gone, Reserved::There))
}

enum Reserved {
    New(Credential),
    There(Credential),
    /// It was there a moment ago.
    Gone,
}

/// The credential if it is the caller's: a new one, a registration that was begun with the same
/// password and broke off, or one that was done and whose reply was lost.
async fn own(
    auth: &Auth,
    call: &CallContext,
    reserved: Reserved,
    asked: &Registration<'_>,
) -> Result<Result<Credential, Outcome>, Error> {
    match reserved {
        Reserved::New(credential) => Ok(Ok(credential)),
        Reserved::There(credential) if credential.pending.is_some() => {
            let hash = credential.password_hash.clone();
            let fit = auth.hashing.verify(asked.password, Some(hash), &[]).await?;
            Ok(fit.map(|_| credential).ok_or(Outcome::Taken))
        }
        Reserved::There(credential) => repetition::own(auth, call, &credential, asked).await,
        Reserved::Gone => Ok(Err(Outcome::Taken)),
    }
}

/// Finishes what is to be done for the account, and signs it in.
async fn open(
    auth: &Auth,
    call: &CallContext,
    credential: &Credential,
) -> Result<Result<Granted, Error>, Outcome> {
    match registration::finish(auth, credential).await {
        Ok(()) => {}
        Err(Error::EmailTaken(_)) => return Err(Outcome::Taken),
        Err(error) => return Ok(Err(error)),
    }
    match login::expect_proved(auth, credential).await {
        Ok(()) => {}
        Err(error @ Error::EmailNotVerified) => {
            let opened = Some(credential.user_id);
            let noted = note(auth, call, Outcome::Unverified, opened).await;
            return Ok(Err(noted.err().unwrap_or(error)));
        }
        Err(Error::AccountInactive) => return Err(Outcome::Inactive),
        Err(error) => return Ok(Err(error)),
    }
    let (action, proof) = (Action::Register, Proof::Password);
    match opening::open_session(auth, call, credential, action, proof).await {
        // It was closed a moment ago.
        Err(Error::AccountInactive) => Err(Outcome::Inactive),
        // It is done, and its owner signs in by Login.
        Err(Error::SecondFactorNeeded) => Err(Outcome::Taken),
        granted => Ok(granted),
    }
}

async fn note(
    auth: &Auth,
    call: &CallContext,
    outcome: Outcome,
    user_id: Option<Uuid>,
) -> Result<(), Error> {
    let entry = Entry {
        action: Action::Register,
        outcome,
        user_id,
        session_id: None,
    };
    let mut tx = auth.db.statements().await?;
    auth.record(&mut tx, call, entry).await?;
    tx.commit().await?;
    Ok(())
}

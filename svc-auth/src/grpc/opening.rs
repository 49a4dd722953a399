//! Opening a session once it is proved whose it is, and the networks that accounts sign in from.

use runtime::call::CallContext;
use store::Tx;
use uuid::Uuid;

use crate::domain::email::email_key;
use crate::domain::mail::MailKind;
use crate::domain::network::Network;
use crate::error::Error;
use crate::mails;
use crate::service::Auth;
use crate::store::audit::{Action, Entry, Outcome};
use crate::store::credential::Credential;
use crate::store::{known_network, second_factor, session};
use crate::tokens::Granted;

/// By what somebody proved to be the owner of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// By the password alone.
    Password,
    /// By an identity provider's word alone.
    Provider,
    /// By the password, or the provider's word, and the second factor.
    SecondFactor,
    /// By the operator's key.
    Key,
}

/// Opens a session of an account and gives its first tokens. Whatever way leads here, a password or a
/// provider's word alone opens none of an account with a second factor.
///
/// # Errors
/// [`Error::SecondFactorNeeded`], [`Error::AccountInactive`].
pub(super) async fn open_session(
    auth: &Auth,
    call: &CallContext,
    credential: &Credential,
    action: Action,
    proof: Proof,
) -> Result<Granted, Error> {
    let user_id = credential.user_id;
    is_enough(auth, user_id, proof).await?;
    let (mut opened, hash) = auth.tokens.new_session(user_id, call);
    opened.by_key = proof == Proof::Key;
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
    let signs_in = matches!(
        action,
        Action::Login | Action::LoginSecondFactor | Action::LoginExternal
    );
    if signs_in && is_new_network(auth, call, &mut tx, credential).await? {
        let whose = (user_id, credential.email.as_str());
        mails::tell(auth, &mut tx, call, whose, MailKind::NewSignIn).await?;
    }
    remember_network(auth, call, &mut tx, credential).await?;
    tx.commit().await?;

    // Asked once the session is there: whatever closes the account from now on finds it and ends
    // it, and what came before is seen here. So does what turns a second factor on.
    let may = async {
        is_enough(auth, user_id, proof).await?;
        auth.roles_of_session(user_id, opened.by_key).await
    };
    match may.await {
        Ok(roles) => Ok(auth.tokens.grant(&opened, 0, roles)),
        Err(error) => {
            let mut tx = auth.db.begin().await?;
            session::delete(&mut tx, session_id).await?;
            tx.commit().await?;
            Err(error)
        }
    }
}

/// Whether the proof is all that the account asks for.
async fn is_enough(auth: &Auth, user_id: Uuid, proof: Proof) -> Result<(), Error> {
    if matches!(proof, Proof::Password | Proof::Provider)
        && second_factor::is_enabled(&mut auth.db.read().await?, user_id).await?
    {
        return Err(Error::SecondFactorNeeded);
    }
    Ok(())
}

/// Whether the account has not signed in from the client's network before.
async fn is_new_network(
    auth: &Auth,
    call: &CallContext,
    tx: &mut Tx,
    credential: &Credential,
) -> Result<bool, Error> {
    let Some(address) = call.client_address else {
        return Ok(false);
    };
    let (key, network) = (email_key(&credential.email), Network::of(address));
    Ok(!is_known(auth, tx, &key, network).await?)
}

/// Whether an account, which need not be there, has signed in from a network.
pub(super) async fn is_known(
    auth: &Auth,
    tx: &mut Tx,
    email_key: &str,
    network: Network,
) -> Result<bool, Error> {
    let name = auth.networks.name(email_key, network);
    let previous = auth.networks.previous_name(email_key, network);
    known_network::is_known(tx, &name, &previous, auth.clock.now()).await
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

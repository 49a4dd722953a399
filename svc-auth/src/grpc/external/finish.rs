//! FinishExternalLogin: a browser has come back from a provider.

use contracts::tradewind::auth::v1::{FinishExternalLoginRequest, FinishExternalLoginResponse};
use runtime::call::CallContext;

use super::refusal::{entry, refuse};
use super::{link, open};
use crate::domain::browser_token::BrowserToken;
use crate::domain::network::Network;
use crate::domain::refresh::hash;
use crate::domain::throttle::{Bucket, client_buckets};
use crate::error::Error;
use crate::grpc::login::expect_proved;
use crate::grpc::opening::{self, Proof};
use crate::grpc::proof::note;
use crate::grpc::second_factor::first_step;
use crate::providers::{Failure, Identity, Provider};
use crate::registration;
use crate::service::Auth;
use crate::store::audit::{Action, Outcome};
use crate::store::credential::{self, Credential};
use crate::store::external_login::{self, ExternalLogin};
use crate::store::{external_identity, throttle};

pub(super) async fn finish(
    auth: &Auth,
    call: &CallContext,
    request: FinishExternalLoginRequest,
) -> Result<FinishExternalLoginResponse, Error> {
    admit(auth, call).await?;
    let Some((login, identity)) = identify(auth, request).await? else {
        return refuse(auth, call, Outcome::BadToken, None).await;
    };
    was_good(auth, call).await?;
    match login.user_id {
        Some(user_id) => Box::pin(link::link(auth, call, (user_id, &login), identity)).await,
        None => Box::pin(sign_in(auth, call, &identity)).await,
    }
}

/// What was begun, and who has come back; `None` of what proves nothing.
async fn identify(
    auth: &Auth,
    request: FinishExternalLoginRequest,
) -> Result<Option<(ExternalLogin, Identity)>, Error> {
    let FinishExternalLoginRequest {
        state,
        code,
        browser_token,
        iss,
    } = request;
    let browser = BrowserToken::from(browser_token);
    let (state_hash, browser_hash) = (hash(&state), hash(browser.as_str()));
    let now = auth.clock.now();
    // Used up whatever the provider says: a code is good once, too.
    let mut tx = auth.db.begin().await?;
    let login = external_login::take(
        &mut tx,
        (state_hash.as_slice(), browser_hash.as_slice()),
        now,
    )
    .await?;
    tx.commit().await?;
    let Some(login) = login else {
        return Ok(None);
    };
    let Some(provider) = auth.providers.get(&login.provider) else {
        // It was configured when the browser was sent there.
        return Ok(None);
    };
    match Box::pin(provider.identify(&code, &iss, &browser, now)).await {
        Ok(identity) => Ok(Some((login, identity))),
        Err(Failure::Refused(why)) => {
            tracing::info!(provider = provider.name(), why, "an identity is not proved");
            Ok(None)
        }
        Err(failure) => Err(away(provider, &failure)),
    }
}

/// Signs in the account that an identity belongs to, or opens one.
async fn sign_in(
    auth: &Auth,
    call: &CallContext,
    identity: &Identity,
) -> Result<FinishExternalLoginResponse, Error> {
    let (credential, action) = match known(auth, identity).await? {
        Some(credential) => (credential, Action::LoginExternal),
        None => {
            let opened = Box::pin(open::open(auth, call, identity)).await?;
            (opened, Action::Register)
        }
    };
    let user_id = Some(credential.user_id);
    match registration::finish(auth, &credential).await {
        Ok(()) => {}
        // An account that was opened by the identity, which svc-users has refused since.
        Err(Error::EmailTaken(_)) => return open::taken(auth, call).await,
        Err(error) => return Err(error),
    }
    match expect_proved(auth, &credential).await {
        Ok(()) => {}
        Err(Error::AccountInactive) => return refuse(auth, call, Outcome::Inactive, user_id).await,
        Err(Error::EmailNotVerified) => {
            note(auth, call, entry(Outcome::Unverified, user_id)).await?;
            return Err(Error::EmailNotVerified);
        }
        Err(error) => return Err(error),
    }
    let opened = opening::open_session(auth, call, &credential, action, Proof::Provider);
    match opened.await {
        Ok(granted) => Ok(granted.into()),
        Err(Error::SecondFactorNeeded) => Ok(FinishExternalLoginResponse {
            second_factor_required: true,
            second_factor_token: first_step(auth, call, &credential, Action::LoginExternal).await?,
            ..FinishExternalLoginResponse::default()
        }),
        Err(Error::AccountInactive) => refuse(auth, call, Outcome::Inactive, user_id).await,
        Err(error) => Err(error),
    }
}

/// The credential of the account that an identity belongs to.
async fn known(auth: &Auth, identity: &Identity) -> Result<Option<Credential>, Error> {
    let Identity {
        issuer, subject, ..
    } = identity;
    let mut tx = auth.db.read().await?;
    match external_identity::find(&mut tx, issuer, subject).await? {
        Some(found) => credential::find(&mut tx, found.user_id).await,
        None => Ok(None),
    }
}

/// Counts an attempt of the client's network, to begin or to finish.
///
/// # Errors
/// [`Error::Throttled`].
pub(super) async fn admit(auth: &Auth, call: &CallContext) -> Result<(), Error> {
    let mut tx = auth.db.begin().await?;
    for bucket in buckets(auth, call) {
        auth.admit(&mut tx, &bucket).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Neither its begin nor its end counts: many people of one network may sign in.
async fn was_good(auth: &Auth, call: &CallContext) -> Result<(), Error> {
    let mut tx = auth.db.begin().await?;
    for bucket in buckets(auth, call) {
        throttle::give_back(&mut tx, &bucket).await?;
        throttle::give_back(&mut tx, &bucket).await?;
    }
    tx.commit().await?;
    Ok(())
}

fn buckets(auth: &Auth, call: &CallContext) -> Vec<Bucket> {
    let network = call.client_address.map(Network::of);
    client_buckets("external", network, auth.throttle.login_address())
}

/// A provider that does not answer is the operator's to mend.
pub(super) fn away(provider: &Provider, failure: &Failure) -> Error {
    tracing::warn!(provider = provider.name(), %failure, "an identity provider cannot be used");
    provider.away().into()
}

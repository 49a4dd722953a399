//! BeginExternalLogin and BeginExternalLink: a browser is sent to a provider.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contracts::tradewind::auth::v1::{
    BeginExternalLinkRequest, BeginExternalLinkResponse, BeginExternalLoginRequest,
    BeginExternalLoginResponse,
};
use runtime::call::CallContext;

use super::finish::{admit, away};
use crate::domain::browser_token::BrowserToken;
use crate::domain::refresh::hash;
use crate::error::Error;
use crate::grpc::proof;
use crate::grpc::second_factor::prove;
use crate::providers::Provider;
use crate::service::Auth;
use crate::store::audit::Action;
use crate::store::external_login::{self, ExternalLogin};

/// How long somebody may be at the provider.
const LIFETIME: Duration = Duration::from_secs(10 * 60);

pub(super) async fn login(
    auth: &Auth,
    call: &CallContext,
    request: BeginExternalLoginRequest,
) -> Result<BeginExternalLoginResponse, Error> {
    let provider = provider(auth, request.provider)?;
    admit(auth, call).await?;
    let login = ExternalLogin::of_anybody(provider.name());
    let (authorization_url, browser) = send(auth, provider, &login).await?;
    Ok(BeginExternalLoginResponse {
        authorization_url,
        browser_token: browser.as_str().to_owned(),
        expires_in: seconds(),
    })
}

pub(super) async fn link(
    auth: &Auth,
    call: &CallContext,
    request: BeginExternalLinkRequest,
) -> Result<BeginExternalLinkResponse, Error> {
    let (user, action) = (call.caller.user()?, Action::LinkIdentity);
    let BeginExternalLinkRequest {
        provider: name,
        password,
        code,
        recovery_code,
    } = request;
    let provider = provider(auth, name)?;
    let known = proof::password(auth, call, user, action, password).await?;
    prove(auth, call, (user, &known), action, (code, recovery_code)).await?;
    let login = ExternalLogin::of_owner(provider.name(), &known);
    let (authorization_url, browser) = send(auth, provider, &login).await?;
    Ok(BeginExternalLinkResponse {
        authorization_url,
        browser_token: browser.as_str().to_owned(),
        expires_in: seconds(),
    })
}

fn provider(auth: &Auth, name: String) -> Result<&Provider, Error> {
    let found = auth.providers.get(&name);
    found.ok_or(Error::ProviderUnknown(name))
}

/// Where the browser goes, and what it keeps.
async fn send(
    auth: &Auth,
    provider: &Provider,
    login: &ExternalLogin,
) -> Result<(String, BrowserToken), Error> {
    let state = URL_SAFE_NO_PAD.encode(auth.random.bytes::<32>());
    let browser = BrowserToken::new(auth.random.bytes());
    let url = Box::pin(provider.authorization_url(&state, &browser)).await;
    let url = url.map_err(|failure| away(provider, &failure))?;
    let (state_hash, browser_hash) = (hash(&state), hash(browser.as_str()));
    let hashes = (state_hash.as_slice(), browser_hash.as_slice());
    let expire_time = auth.clock.now() + LIFETIME;
    let mut tx = auth.db.begin().await?;
    external_login::insert(&mut tx, hashes, login, expire_time).await?;
    tx.commit().await?;
    Ok((url.into(), browser))
}

fn seconds() -> i32 {
    i32::try_from(LIFETIME.as_secs()).unwrap_or(i32::MAX)
}

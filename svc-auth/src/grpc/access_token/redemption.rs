//! RedeemAccessToken: the edge exchanges a personal access token, or that of a trusted issuer, for one that
//! every process can verify by itself, and that is revoked as a session's is.

use std::time::Duration;

use contracts::tradewind::auth::v1::{RedeemAccessTokenRequest, RedeemAccessTokenResponse};
use runtime::call::CallContext;
use runtime::identity::personal;

use super::foreign;
use crate::domain::refresh::hash;
use crate::error::Error;
use crate::service::Auth;
use crate::store::access_token;

/// How exactly its last use is known.
const COARSE: Duration = Duration::from_secs(60 * 60);

pub(super) async fn redeem(
    auth: &Auth,
    call: &CallContext,
    RedeemAccessTokenRequest { token }: RedeemAccessTokenRequest,
) -> Result<RedeemAccessTokenResponse, Error> {
    let access_token = match personal::is_meant(&token) {
        true => of_personal(auth, &token).await?,
        false => Box::pin(foreign::redeem(auth, call, &token)).await?,
    };
    Ok(RedeemAccessTokenResponse { access_token })
}

async fn of_personal(auth: &Auth, text: &str) -> Result<String, Error> {
    let now = auth.clock.now();
    let mut tx = auth.db.read().await?;
    let found = access_token::find(&mut tx, &hash(text)).await?;
    drop(tx);
    let token = found.ok_or(Error::AccessTokenInvalid)?;
    if token.expire_time <= now {
        return Err(Error::AccessTokenExpired);
    }
    // Asked once it is read: roles that are taken from now on end what is given here, and what was
    // taken before is seen here.
    let mut roles = auth.roles(token.user_id).await?;
    roles.retain(|role| token.roles.contains(role));
    if token.last_used_time.is_none_or(|used| used <= now - COARSE) {
        let mut tx = auth.db.statements().await?;
        access_token::touch(&mut tx, token.access_token_id, now - COARSE, now).await?;
        tx.commit().await?;
    }
    Ok(auth.tokens.access_token_of_script(
        (token.user_id, token.session_id),
        roles,
        token.expire_time,
    ))
}

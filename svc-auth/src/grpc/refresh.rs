//! Refresh and Logout: what holders of a refresh token may do.

use contracts::tradewind::auth::v1::{
    LogoutRequest, LogoutResponse, RefreshRequest, RefreshResponse,
};
use runtime::call::CallContext;
use uuid::Uuid;

use crate::domain::refresh::hash;
use crate::domain::session::{Verdict, create_time};
use crate::error::Error;
use crate::events;
use crate::service::Auth;
use crate::store::audit::{self, Action, Entry, Outcome};
use crate::store::session::{self, Session};

pub(super) async fn refresh(
    auth: &Auth,
    call: &CallContext,
    request: RefreshRequest,
) -> Result<RefreshResponse, Error> {
    let text = &request.refresh_token;
    let token = auth
        .tokens
        .refresh
        .read(text)
        .ok_or(Error::RefreshTokenInvalid)?;
    let session = find(auth, token.session_id).await?;
    let verdict = judge(auth, call, &session, token.generation).await?;
    // Asked before the token is used up: with svc-users away, the client can come again with it.
    let roles = auth
        .roles_of_session(session.user_id, session.by_key)
        .await?;
    let next = token.generation + 1;
    if verdict == Verdict::Rotate && !rotate(auth, call, &session, text, next).await? {
        // Somebody was faster with the same token, or the session has ended.
        let session = find(auth, token.session_id).await?;
        judge(auth, call, &session, token.generation).await?;
    }
    Ok(auth.tokens.grant(&session, next, roles).into())
}

pub(super) async fn logout(
    auth: &Auth,
    call: &CallContext,
    request: LogoutRequest,
) -> Result<LogoutResponse, Error> {
    if let Some(token) = auth.tokens.refresh.read(&request.refresh_token) {
        end(auth, call, token.session_id, Action::Logout).await?;
    }
    Ok(LogoutResponse {})
}

async fn find(auth: &Auth, session_id: Uuid) -> Result<Session, Error> {
    let mut tx = auth.db.read().await?;
    let found = session::find(&mut tx, session_id).await?;
    found.ok_or_else(|| {
        // Rows of sessions that are over are removed sooner or later; the answer stays the same.
        let end = create_time(session_id).map(|create_time| auth.tokens.end_time(create_time));
        match end {
            Some(end) if auth.clock.now() >= end => Error::SessionExpired,
            _ => Error::RefreshTokenInvalid,
        }
    })
}

/// Whether the token gets a successor. One that was used before ends its session.
async fn judge(
    auth: &Auth,
    call: &CallContext,
    session: &Session,
    generation: i64,
) -> Result<Verdict, Error> {
    let end_time = auth.tokens.end_time(session.create_time);
    match session
        .progress(end_time)
        .judge(generation, auth.clock.now())
    {
        good @ (Verdict::Rotate | Verdict::Repeat) => Ok(good),
        Verdict::Expired => Err(Error::RefreshTokenInvalid),
        Verdict::Over => {
            end(auth, call, session.session_id, Action::ExpireSession).await?;
            Err(Error::SessionExpired)
        }
        Verdict::Reused => {
            end(auth, call, session.session_id, Action::RefreshReuse).await?;
            Err(Error::RefreshTokenInvalid)
        }
    }
}

async fn rotate(
    auth: &Auth,
    call: &CallContext,
    session: &Session,
    text: &str,
    next: i64,
) -> Result<bool, Error> {
    let now = auth.clock.now();
    let (current, successor) = (
        hash(text),
        hash(&auth.tokens.refresh_token(session.session_id, next)),
    );
    let mut tx = auth.db.statements().await?;
    let hashes = (current.as_slice(), successor.as_slice());
    let times = (now, auth.tokens.expire_time(session.create_time, now));
    let address = audit::address(call);
    let rotated = session::rotate(&mut tx, session.session_id, hashes, times, &address).await?;
    tx.commit().await?;
    Ok(rotated)
}

/// Ends a session, if it has not ended yet.
async fn end(
    auth: &Auth,
    call: &CallContext,
    session_id: Uuid,
    action: Action,
) -> Result<(), Error> {
    let mut tx = auth.db.begin().await?;
    let Some(user_id) = session::delete(&mut tx, session_id).await? else {
        return Ok(());
    };
    events::revoke(auth, &mut tx, user_id, &[session_id]).await?;
    let entry = Entry {
        action,
        outcome: Outcome::Done,
        user_id: Some(user_id),
        session_id: Some(session_id),
    };
    auth.record(&mut tx, call, entry).await?;
    tx.commit().await?;
    Ok(())
}

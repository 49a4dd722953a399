//! ListSessions and RevokeSession: the caller's own sessions.

use contracts::tradewind::auth::v1::{
    ListSessionsRequest, ListSessionsResponse, RevokeSessionRequest, RevokeSessionResponse,
    Session as Resource,
};
use net::clock::timestamp;
use runtime::call::CallContext;
use runtime::id;
use store::page;
use uuid::Uuid;

use crate::domain::device;
use crate::error::Error;
use crate::events;
use crate::service::Auth;
use crate::store::audit::{Action, Entry, Outcome};
use crate::store::revocation;
use crate::store::session::{self, Session};

pub(super) async fn list(
    auth: &Auth,
    call: &CallContext,
    request: ListSessionsRequest,
) -> Result<ListSessionsResponse, Error> {
    let user = call.caller.user()?;
    let size = page::size(&request);
    let list = store::list!("sessions", request);
    let before = list.after(&request.page_token)?.unwrap_or(Uuid::max());
    let mut tx = auth.db.read().await?;
    let now = auth.clock.now();
    let times = (now, now - auth.tokens.lifetimes.session_lifetime);
    let mut found = session::list(&mut tx, user.id, before, times, size + 1).await?;
    let next_page_token = list.cut(&mut found, size, |last| last.session_id);
    Ok(ListSessionsResponse {
        sessions: found
            .into_iter()
            .map(|one| resource(auth, one, user.session_id))
            .collect(),
        next_page_token,
    })
}

pub(super) async fn revoke(
    auth: &Auth,
    call: &CallContext,
    request: RevokeSessionRequest,
) -> Result<RevokeSessionResponse, Error> {
    let user = call.caller.user()?;
    let session_id = id::parse("sessionId", &request.session_id)?;
    let mut tx = auth.db.begin().await?;
    match session::delete(&mut tx, session_id).await? {
        Some(owner) if owner == user.id => {}
        // Ended already: that is what was asked for.
        None if revocation::is_of(&mut tx, session_id, user.id).await? => {
            return Ok(RevokeSessionResponse {});
        }
        // Somebody else's is deleted here and put back by the rollback.
        Some(_) | None => return Err(Error::SessionNotFound(session_id)),
    }
    events::revoke(auth, &mut tx, user.id, &[session_id]).await?;
    let entry = Entry {
        action: Action::RevokeSession,
        outcome: Outcome::Done,
        user_id: Some(user.id),
        session_id: Some(session_id),
    };
    auth.record(&mut tx, call, entry).await?;
    tx.commit().await?;
    Ok(RevokeSessionResponse {})
}

fn resource(auth: &Auth, session: Session, current: Uuid) -> Resource {
    // One that was refreshed under a longer lifetime, or by an older version, ends with this one.
    let end_time = auth.tokens.end_time(session.create_time);
    Resource {
        session_id: session.session_id.to_string(),
        create_time: Some(timestamp(session.create_time)),
        last_used_time: Some(timestamp(session.rotate_time)),
        expire_time: Some(timestamp(session.expire_time.min(end_time))),
        device: device::name(&session.user_agent),
        user_agent: session.user_agent,
        ip_address: session.address,
        last_ip_address: session.last_address,
        current: session.session_id == current,
    }
}

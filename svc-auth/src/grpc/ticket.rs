//! Tickets: what browsers send where they cannot send a header.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use contracts::tradewind::auth::v1::{
    CreateTicketRequest, CreateTicketResponse, RedeemTicketRequest, RedeemTicketResponse,
};
use runtime::call::{CallContext, Token};
use sqlx::types::Json;
use store::Tx;
use uuid::Uuid;

use crate::domain::refresh::hash;
use crate::error::Error;
use crate::events;
use crate::service::Auth;
use crate::store::session::{self, Session};
use crate::store::ticket::{self, Ticket};

/// Seconds that a single-use ticket is good for.
const LIFETIME: TimeDelta = TimeDelta::seconds(30);

pub(super) async fn create(
    auth: &Auth,
    call: &CallContext,
    request: CreateTicketRequest,
) -> Result<CreateTicketResponse, Error> {
    let user = call.caller.user()?;
    let now = auth.clock.now();
    let of_token = call.user_token.as_ref().and_then(Token::expire_time);
    let expire_time = match (request.reconnects, of_token) {
        (true, Some(of_token)) => of_token,
        _ => now + LIFETIME,
    };
    let text = URL_SAFE_NO_PAD.encode(auth.random.bytes::<32>());
    let ticket = Ticket {
        session_id: user.session_id,
        user_id: user.id,
        roles: Json(user.roles.to_vec()),
        path: request.path,
        expire_time,
        stream_id: request.reconnects.then(Uuid::nil),
        previous_stream_id: None,
    };
    let mut tx = auth.db.statements().await?;
    ticket::insert(&mut tx, &hash(&text), &ticket).await?;
    tx.commit().await?;
    let expires_in = (expire_time - now).num_seconds().max(0);
    Ok(CreateTicketResponse {
        ticket: text,
        expires_in: i32::try_from(expires_in).unwrap_or(i32::MAX),
    })
}

pub(super) async fn redeem(
    auth: &Auth,
    request: RedeemTicketRequest,
) -> Result<RedeemTicketResponse, Error> {
    let hash = hash(&request.ticket);
    let mut tx = auth.db.begin().await?;
    match ticket::take(&mut tx, &hash).await? {
        Some(ticket) => redeem_once(auth, tx, &request, ticket).await,
        None => reopen(auth, tx, &hash, &request).await,
    }
}

/// A ticket is used up by the attempt, also by one with another path.
async fn redeem_once(
    auth: &Auth,
    mut tx: Tx,
    request: &RedeemTicketRequest,
    ticket: Ticket,
) -> Result<RedeemTicketResponse, Error> {
    let session = session_of(auth, &mut tx, request, &ticket).await?;
    tx.commit().await?;
    let session = session.ok_or(Error::TicketInvalid)?;
    let (access_token, _) = auth.tokens.access_token(&session, ticket.roles.0);
    Ok(RedeemTicketResponse {
        access_token,
        stream_id: String::new(),
    })
}

/// The stream that the ticket has opened before is ended: mostly it has broken off, and its edge has
/// not noticed yet. The new one ends with the access token that the ticket was given for.
async fn reopen(
    auth: &Auth,
    mut tx: Tx,
    hash: &[u8],
    request: &RedeemTicketRequest,
) -> Result<RedeemTicketResponse, Error> {
    let stream_id = auth.random.uuid7(&auth.clock);
    let ticket = ticket::reuse(&mut tx, hash, stream_id).await?;
    let ticket = ticket
        .filter(|_| request.server_sent_events)
        .ok_or(Error::TicketInvalid)?;
    let session = session_of(auth, &mut tx, request, &ticket).await?;
    let session = session.ok_or(Error::TicketInvalid)?;
    let previous = ticket.previous_stream_id.filter(|id| !id.is_nil());
    if let Some(previous) = previous {
        events::revoke(auth, &mut tx, ticket.user_id, &[previous]).await?;
    }
    tx.commit().await?;
    let (roles, latest) = (ticket.roles.0, ticket.expire_time);
    let (access_token, _) = auth.tokens.access_token_until(&session, roles, latest);
    Ok(RedeemTicketResponse {
        access_token,
        stream_id: stream_id.to_string(),
    })
}

/// The session of a ticket, if it opens what is asked for. Roles that were taken, and accounts that
/// were closed, have ended the session.
async fn session_of(
    auth: &Auth,
    tx: &mut Tx,
    request: &RedeemTicketRequest,
    ticket: &Ticket,
) -> Result<Option<Session>, Error> {
    let session = session::find(tx, ticket.session_id).await?;
    let now = auth.clock.now();
    let is_good = ticket.path == request.path && now < ticket.expire_time;
    Ok(session.filter(|session| is_good && now < auth.tokens.end_time(session.create_time)))
}

//! Tickets: what browsers send where they cannot send a header.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contracts::tradewind::auth::v1::{
    CreateTicketRequest, CreateTicketResponse, RedeemTicketRequest, RedeemTicketResponse,
};
use runtime::call::CallContext;
use sqlx::types::Json;

use super::Auth;
use crate::domain::refresh::hash;
use crate::error::Error;
use crate::store::session;
use crate::store::ticket::{self, Ticket};

/// Seconds that a ticket is good for.
const LIFETIME: u8 = 30;

pub(super) async fn create(
    auth: &Auth,
    call: &CallContext,
    request: CreateTicketRequest,
) -> Result<CreateTicketResponse, Error> {
    let user = call.caller.user()?;
    let text = URL_SAFE_NO_PAD.encode(auth.random.bytes::<32>());
    let ticket = Ticket {
        session_id: user.session_id,
        user_id: user.id,
        roles: Json(user.roles.to_vec()),
        path: request.path,
        expire_time: auth.clock.now() + chrono::TimeDelta::seconds(LIFETIME.into()),
    };
    let mut tx = auth.db.statements().await?;
    ticket::insert(&mut tx, &hash(&text), &ticket).await?;
    tx.commit().await?;
    Ok(CreateTicketResponse {
        ticket: text,
        expires_in: LIFETIME.into(),
    })
}

/// A ticket is used up by the attempt, also by one with another path.
pub(super) async fn redeem(
    auth: &Auth,
    request: RedeemTicketRequest,
) -> Result<RedeemTicketResponse, Error> {
    let mut tx = auth.db.begin().await?;
    let taken = ticket::take(&mut tx, &hash(&request.ticket)).await?;
    let ticket = taken.ok_or(Error::TicketInvalid)?;
    // Roles that were taken, and accounts that were closed, have ended the session.
    let session = session::find(&mut tx, ticket.session_id).await?;
    tx.commit().await?;
    let now = auth.clock.now();
    let good = ticket.path == request.path && now < ticket.expire_time;
    let session = session
        .filter(|session| good && now < auth.tokens.end_time(session.create_time))
        .ok_or(Error::TicketInvalid)?;
    let (access_token, _) = auth.tokens.access_token(&session, ticket.roles.0);
    Ok(RedeemTicketResponse { access_token })
}

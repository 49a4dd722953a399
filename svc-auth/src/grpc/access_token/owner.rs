//! CreateAccessToken, ListAccessTokens and RevokeAccessToken: the caller's own.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::tradewind::auth::v1::{
    CreateAccessTokenRequest, CreateAccessTokenResponse, ListAccessTokensRequest,
    ListAccessTokensResponse, PersonalAccessToken, RevokeAccessTokenRequest,
    RevokeAccessTokenResponse,
};
use net::clock::timestamp;
use prost_types::Timestamp;
use runtime::call::CallContext;
use runtime::id;
use runtime::identity::personal;
use runtime::status::Problem;
use sqlx::types::Json;
use store::page;
use uuid::Uuid;

use crate::domain::mail::MailKind;
use crate::domain::refresh::hash;
use crate::error::Error;
use crate::grpc::proof::{self, entry};
use crate::grpc::second_factor::prove;
use crate::service::Auth;
use crate::store::access_token::{self, AccessToken};
use crate::store::audit::{Action, Outcome};
use crate::store::revocation;
use crate::{events, mails};

/// How long one lives at most.
const LIFETIME: TimeDelta = TimeDelta::days(365);
/// How many an account has at most.
const MOST: i64 = 50;

pub(super) async fn create(
    auth: &Auth,
    call: &CallContext,
    request: CreateAccessTokenRequest,
) -> Result<CreateAccessTokenResponse, Error> {
    let (user, action, now) = (
        call.caller.user()?,
        Action::CreateAccessToken,
        auth.clock.now(),
    );
    let CreateAccessTokenRequest {
        name,
        roles,
        expire_time,
        password,
        code,
        recovery_code,
    } = request;
    let expire_time = until(expire_time, now)?;
    let known = proof::password(auth, call, user, action, password).await?;
    let held = auth.roles(user.id).await?;
    if let Some(other) = roles.iter().find(|role| !held.contains(role)) {
        let message = format!("the account does not hold the role {other}");
        return Err(Problem::invalid([("roles", message)]).into());
    }
    prove(auth, call, (user, &known), action, (code, recovery_code)).await?;

    let text = personal::token(auth.random.bytes());
    let token = AccessToken {
        access_token_id: auth.random.uuid7(&auth.clock),
        user_id: user.id,
        session_id: auth.random.uuid7(&auth.clock),
        name,
        roles: Json(roles),
        create_time: now,
        expire_time,
        last_used_time: None,
    };
    let mut tx = auth.db.begin().await?;
    if access_token::count(&mut tx, user.id, now).await? >= MOST {
        return Err(Error::TooManyAccessTokens(MOST));
    }
    access_token::insert(&mut tx, &hash(&text), &token).await?;
    let whose = (user.id, known.email.as_str());
    mails::tell(auth, &mut tx, call, whose, MailKind::AccessTokenCreated).await?;
    auth.record(&mut tx, call, entry(user, action, Outcome::Done))
        .await?;
    tx.commit().await?;
    Ok(CreateAccessTokenResponse {
        personal_access_token: Some(resource(token)),
        token: text,
    })
}

pub(super) async fn list(
    auth: &Auth,
    call: &CallContext,
    request: ListAccessTokensRequest,
) -> Result<ListAccessTokensResponse, Error> {
    let user = call.caller.user()?;
    let size = page::size(&request);
    let list = store::list!("access tokens", request);
    let before = list.after(&request.page_token)?.unwrap_or(Uuid::max());
    let mut tx = auth.db.read().await?;
    let now = auth.clock.now();
    let mut found = access_token::list(&mut tx, user.id, before, now, size + 1).await?;
    let next_page_token = list.cut(&mut found, size, |last| last.access_token_id);
    Ok(ListAccessTokensResponse {
        personal_access_tokens: found.into_iter().map(resource).collect(),
        next_page_token,
    })
}

pub(super) async fn revoke(
    auth: &Auth,
    call: &CallContext,
    request: RevokeAccessTokenRequest,
) -> Result<RevokeAccessTokenResponse, Error> {
    let (user, action) = (call.caller.user()?, Action::RevokeAccessToken);
    let id = id::parse("personalAccessTokenId", &request.personal_access_token_id)?;
    let mut tx = auth.db.begin().await?;
    let Some(session_id) = access_token::delete(&mut tx, id, user.id).await? else {
        // Ended already: that is what was asked for.
        return match revocation::is_of(&mut tx, id, user.id).await? {
            true => Ok(RevokeAccessTokenResponse {}),
            false => Err(Error::AccessTokenNotFound(id)),
        };
    };
    // Under its own id too, by which a repetition knows it.
    events::revoke(auth, &mut tx, user.id, &[session_id, id]).await?;
    auth.record(&mut tx, call, entry(user, action, Outcome::Done))
        .await?;
    tx.commit().await?;
    Ok(RevokeAccessTokenResponse {})
}

/// When the new token expires.
fn until(asked: Option<Timestamp>, now: DateTime<Utc>) -> Result<DateTime<Utc>, Error> {
    let asked = asked.unwrap_or_default();
    let nanos = u32::try_from(asked.nanos).unwrap_or_default();
    let expire_time = DateTime::from_timestamp(asked.seconds, nanos);
    let expire_time = expire_time.filter(|it| now < *it && *it <= now + LIFETIME);
    expire_time.ok_or_else(|| {
        let message = "must be a time ahead of now, by 365 days at most";
        Problem::invalid([("expireTime", message)]).into()
    })
}

fn resource(token: AccessToken) -> PersonalAccessToken {
    PersonalAccessToken {
        personal_access_token_id: token.access_token_id.to_string(),
        name: token.name,
        roles: token.roles.0,
        create_time: Some(timestamp(token.create_time)),
        expire_time: Some(timestamp(token.expire_time)),
        last_used_time: token.last_used_time.map(timestamp),
    }
}

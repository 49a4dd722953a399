//! Who asks.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use contracts::tradewind::auth::v1::RedeemTicketRequest;
use contracts::tradewind::auth::v1::auth_service_client::AuthServiceClient;
use http::request::Parts;
use runtime::call::{CallContext, Token, User};
use runtime::contract::Access;
use runtime::identity::VerifyError;
use runtime::metadata::{AUTHORIZATION, bearer};
use runtime::status::{Problem, Reason};
use tonic::Code;

use crate::failure::Failure;
use crate::policy::Policy;
use crate::{Edge, Upstreams};

/// The query parameter by which browsers' EventSource, which sets no headers, brings its right.
pub(crate) const TICKET: &str = "ticket";

/// A user whose token was verified.
#[derive(Clone, Debug)]
pub(crate) struct Authenticated {
    pub(crate) user: User,
    pub(crate) token: Token,
}

impl Authenticated {
    /// When the token expires.
    pub(crate) fn expires(&self) -> Option<DateTime<Utc>> {
        expires(&self.token)
    }
}

/// The user of the request; `None` for methods that are open to anybody, whose `authorization` is
/// not looked at: an expired token must not block its own refresh. A few ask who it is, and take
/// a token that does not hold for none. `call` is where a ticket is redeemed from.
pub(crate) async fn authenticate(
    edge: &Edge,
    policy: &Policy,
    head: &Parts,
    streaming: bool,
    call: &CallContext,
) -> Result<Option<Authenticated>, Failure> {
    if policy.access == Access::Public {
        let token = head.headers.get(AUTHORIZATION).and_then(bearer);
        return match token.filter(|_| policy.optional_user) {
            Some(token) => Ok(verified(edge, token.into()).await.ok()),
            None => Ok(None),
        };
    }
    let token: Token = match head.headers.get(AUTHORIZATION) {
        Some(value) => bearer(value).ok_or_else(no_bearer)?.into(),
        None => match ticket(head.uri.query()) {
            Some(ticket) if streaming && edge.upstreams == Upstreams::Mesh => {
                Box::pin(redeem(edge, ticket, head.uri.path(), call)).await?
            }
            _ => return Err(no_token()),
        },
    };
    let verified = verified(edge, token).await.map_err(tonic::Status::from)?;
    Ok(Some(verified))
}

/// Whether a request has credentials of a kind that is known here, be they good or not.
pub(crate) fn are_presented(head: &Parts, streaming: bool) -> bool {
    match head.headers.get(AUTHORIZATION) {
        Some(value) => bearer(value).is_some(),
        None => streaming && ticket(head.uri.query()).is_some(),
    }
}

async fn verified(edge: &Edge, token: Token) -> Result<Authenticated, VerifyError> {
    let user = edge.node.identity.verify_user(&token).await?;
    Ok(Authenticated { user, token })
}

/// A ticket opens one path, once. Only the edge itself may redeem it.
async fn redeem(
    edge: &Edge,
    ticket: String,
    path: &str,
    call: &CallContext,
) -> Result<Token, Failure> {
    let mut auth = AuthServiceClient::new(edge.node.channel("svc-auth"));
    let request = RedeemTicketRequest {
        ticket,
        path: path.to_owned(),
    };
    let reply = call
        .scope(async move { auth.redeem_ticket(request).await })
        .await?;
    Ok(reply.into_inner().access_token.into())
}

fn ticket(query: Option<&str>) -> Option<String> {
    let mut parameters = form_urlencoded::parse(query?.as_bytes());
    parameters
        .find(|(name, _)| name == TICKET)
        .map(|(_, ticket)| ticket.into_owned())
}

/// `exp` of a token that was verified before.
fn expires(token: &str) -> Option<DateTime<Utc>> {
    #[derive(serde::Deserialize)]
    struct Expiry {
        exp: i64,
    }
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let Expiry { exp } = serde_json::from_slice(&claims).ok()?;
    DateTime::from_timestamp(exp, 0)
}

fn no_token() -> Failure {
    let message = "send an access token, as authorization: Bearer";
    Problem::new(Reason::TokenMissing, Code::Unauthenticated, message).into()
}

fn no_bearer() -> Failure {
    let message = "the only scheme is authorization: Bearer";
    Problem::new(Reason::TokenInvalid, Code::Unauthenticated, message).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ticket_is_one_parameter_among_others() {
        assert_eq!(ticket(Some("a=1&ticket=x%2By&b=2")).as_deref(), Some("x+y"));
        assert_eq!(ticket(Some("tickets=1")), None);
        assert_eq!(ticket(None), None);
    }

    #[test]
    fn the_expiry_is_read_from_the_token() {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"exp":1700000000,"sub":"x"}"#);
        assert_eq!(
            expires(&format!("e30.{claims}.c2ln")).unwrap().timestamp(),
            1_700_000_000
        );
        assert_eq!(expires("nothing"), None);
    }
}

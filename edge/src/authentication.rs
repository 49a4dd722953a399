//! Who asks.

use contracts::tradewind::auth::v1::auth_service_client::AuthServiceClient;
use contracts::tradewind::auth::v1::{RedeemTicketRequest, RedeemTicketResponse};
use http::request::Parts;
use net::metadata::{AUTHORIZATION, bearer};
use runtime::call::{CallContext, Token, User};
use runtime::contract::Access;
use runtime::identity::VerifyError;
use runtime::node::Node;
use runtime::status::{Problem, Reason};
use tokio::time::Instant;
use tonic::Code;
use uuid::Uuid;

use crate::failure::Failure;
use crate::policy::Policy;

mod session;

pub(crate) use session::Session;

/// The query parameter by which browsers' EventSource, which sets no headers, brings its right.
pub(crate) const TICKET: &str = "ticket";

/// A user whose token was verified.
#[derive(Clone, Debug)]
pub(crate) struct Authenticated {
    user: User,
    token: Token,
    /// The stream that a ticket opens which reconnects: over when the ticket opens another.
    stream_id: Option<Uuid>,
}

impl Authenticated {
    /// Of the account.
    pub(crate) fn id(&self) -> Uuid {
        self.user.id
    }
}

/// Which tickets may stand for the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tickets {
    None,
    SingleUse,
    /// Those too that let an EventSource connect again.
    All,
}

/// Where callers are known from.
pub(crate) struct Callers {
    node: Node,
    /// Tickets stand for tokens: the edge is one of the mesh, and may redeem them.
    takes_tickets: bool,
    /// Servers get the user's token, to judge it themselves.
    tells_tokens: bool,
}

impl Callers {
    /// Of the mesh.
    pub(crate) fn of_mesh(node: Node) -> Self {
        Self {
            node,
            takes_tickets: true,
            tells_tokens: true,
        }
    }

    /// Of servers that know nothing of the mesh: no token of it is theirs to have.
    pub(crate) fn of_others(node: Node) -> Self {
        Self {
            node,
            takes_tickets: false,
            tells_tokens: false,
        }
    }

    /// Steps 9 and 10: who asks, and whether it may call the method. `context` is where a ticket is
    /// redeemed from, and has then what servers learn of the caller.
    pub(crate) async fn admit(
        &self,
        policy: &Policy,
        head: &Parts,
        tickets: Tickets,
        context: &mut CallContext,
    ) -> Result<Option<Authenticated>, Failure> {
        let caller = self.authenticate(policy, head, tickets, context).await?;
        context.caller.user = caller.as_ref().map(|caller| caller.user.clone());
        runtime::server::allow(&policy.access, &context.caller)?;
        if self.tells_tokens {
            context.user_token = caller.as_ref().map(|caller| caller.token.clone());
        }
        Ok(caller)
    }

    /// What ends the streams of a caller.
    pub(crate) fn session(&self, caller: &Authenticated) -> Session {
        let expires = caller.token.expire_time().map(|expires| {
            let left = expires - self.node.clock.now();
            Instant::now() + left.to_std().unwrap_or_default()
        });
        Session {
            identity: self.node.identity.clone(),
            id: caller.user.session_id,
            stream_id: caller.stream_id,
            expires,
        }
    }

    /// The user of the request; `None` for methods that are open to anybody, whose `authorization` is
    /// not looked at: an expired token must not block its own refresh. A few ask who it is, and take
    /// a token that does not hold for none.
    async fn authenticate(
        &self,
        policy: &Policy,
        head: &Parts,
        tickets: Tickets,
        call: &CallContext,
    ) -> Result<Option<Authenticated>, Failure> {
        if policy.access == Access::Public {
            let token = head.headers.get(AUTHORIZATION).and_then(bearer);
            return match token.filter(|_| policy.optional_user) {
                Some(token) => Ok(self.verified(token.into()).await.ok()),
                None => Ok(None),
            };
        }
        let presented = match head.headers.get(AUTHORIZATION) {
            Some(value) => {
                let token = bearer(value).ok_or_else(no_bearer)?;
                return self.by_token(token.into(), None).await;
            }
            None => ticket(head.uri.query()),
        };
        match presented {
            Some(ticket) if tickets != Tickets::None && self.takes_tickets => {
                let request = RedeemTicketRequest {
                    ticket,
                    path: head.uri.path().to_owned(),
                    server_sent_events: tickets == Tickets::All,
                };
                let RedeemTicketResponse {
                    access_token,
                    stream_id,
                } = Box::pin(self.redeem(request, call)).await?;
                self.by_token(access_token.into(), stream_id.parse().ok())
                    .await
            }
            _ => Err(no_token()),
        }
    }

    async fn by_token(
        &self,
        token: Token,
        stream_id: Option<Uuid>,
    ) -> Result<Option<Authenticated>, Failure> {
        let verified = self.verified(token).await.map_err(tonic::Status::from)?;
        Ok(Some(Authenticated {
            stream_id,
            ..verified
        }))
    }

    async fn verified(&self, token: Token) -> Result<Authenticated, VerifyError> {
        let user = self.node.identity.verify_user(&token).await?;
        Ok(Authenticated {
            user,
            token,
            stream_id: None,
        })
    }

    /// A ticket opens one path. Only the edge itself may redeem it.
    async fn redeem(
        &self,
        request: RedeemTicketRequest,
        call: &CallContext,
    ) -> Result<RedeemTicketResponse, Failure> {
        let mut auth = AuthServiceClient::new(self.node.channel("svc-auth"));
        let reply = call
            .scope(async move { auth.redeem_ticket(request).await })
            .await?;
        Ok(reply.into_inner())
    }
}

/// Whether a request has credentials of a kind that is known here, be they good or not.
pub(crate) fn are_presented(head: &Parts, tickets: Tickets) -> bool {
    match head.headers.get(AUTHORIZATION) {
        Some(value) => bearer(value).is_some(),
        None => tickets != Tickets::None && ticket(head.uri.query()).is_some(),
    }
}

fn ticket(query: Option<&str>) -> Option<String> {
    let mut parameters = form_urlencoded::parse(query?.as_bytes());
    parameters
        .find(|(name, _)| name == TICKET)
        .map(|(_, ticket)| ticket.into_owned())
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
}

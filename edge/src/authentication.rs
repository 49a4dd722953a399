//! Who asks: users of the mesh, by their tokens and by the tickets that stand for them.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use contracts::tradewind::auth::v1::{RedeemTicketRequest, RedeemTicketResponse};
use futures::future::BoxFuture;
use gateway::Caller;
use gateway::guard::{self, Asked, Guard, Opening};
use net::metadata::{AUTHORIZATION, bearer};
use runtime::call::{self, Token};
use runtime::contract::Access;
use runtime::identity::VerifyError;
use runtime::node::Node;
use runtime::status::{Problem, Reason};
use tonic::{Code, Status};
use uuid::Uuid;

mod exchange;
mod user;

use crate::issuers::TrustedIssuers;
use exchange::Exchange;
use user::User;

/// The query parameter by which browsers' EventSource, which sets no headers, brings its right.
pub(crate) const TICKET: &str = "ticket";

/// Where users are known from.
pub(crate) struct Users {
    node: Node,
    /// Tickets, personal access tokens and those of other issuers stand for others: the edge is one of
    /// the mesh, and may redeem them.
    exchange: Option<Exchange>,
    /// Servers get the user's token, to judge it themselves.
    tells_tokens: bool,
}

/// Holds the users who ask against what one method's contract says.
pub(crate) struct UserGuard {
    users: Arc<Users>,
    access: Access,
}

impl Users {
    /// Of the mesh.
    pub(crate) fn of_mesh(issuers: TrustedIssuers, node: Node) -> Self {
        Self {
            exchange: Some(Exchange::new(issuers, &node)),
            node,
            tells_tokens: true,
        }
    }

    /// Of servers that know nothing of the mesh: no token of it is theirs to have.
    pub(crate) fn of_others(node: Node) -> Self {
        Self {
            node,
            exchange: None,
            tells_tokens: false,
        }
    }

    /// The user whose token the request has, or a ticket that stands for it.
    async fn named(self: &Arc<Self>, asked: &Asked<'_>) -> Result<User, Status> {
        let head = asked.head;
        let presented = match head.headers.get(AUTHORIZATION) {
            Some(value) => {
                let token = bearer(value).ok_or_else(no_bearer)?;
                return self.by_bearer(token, asked).await;
            }
            None => ticket(head.uri.query()),
        };
        match (presented, &self.exchange) {
            (Some(ticket), Some(exchange)) if asked.opening != Opening::Call => {
                let request = RedeemTicketRequest {
                    ticket,
                    path: head.uri.path().to_owned(),
                    server_sent_events: asked.opening == Opening::EventSource,
                };
                let RedeemTicketResponse {
                    access_token,
                    stream_id,
                } = Box::pin(exchange.redeem_ticket(request, asked)).await?;
                let stream_id = stream_id.parse().ok();
                Ok(self.by_token(access_token.into(), stream_id).await?)
            }
            _ => Err(no_token()),
        }
    }

    /// The user of what was sent as a bearer token.
    async fn by_bearer(self: &Arc<Self>, token: &str, asked: &Asked<'_>) -> Result<User, Status> {
        match &self.exchange {
            Some(exchange) if exchange.is_for(token) => {
                Box::pin(self.by_exchange(exchange, token, asked)).await
            }
            _ => Ok(self.by_token(token.into(), None).await?),
        }
    }

    /// What is exchanged stands for a token of a few minutes, which is used again for a while. When that
    /// has ended, as after its owner lost a role, there may be another.
    async fn by_exchange(
        self: &Arc<Self>,
        exchange: &Exchange,
        token: &str,
        asked: &Asked<'_>,
    ) -> Result<User, Status> {
        if let Some(known) = exchange.known(token) {
            match self.by_token(known, None).await {
                Err(VerifyError::Revoked | VerifyError::Expired) => exchange.forget(token),
                user => return Ok(user?),
            }
        }
        let access_token = exchange.redeem(token, asked).await?;
        Ok(self.by_token(access_token, None).await?)
    }

    async fn by_token(
        self: &Arc<Self>,
        token: Token,
        stream_id: Option<Uuid>,
    ) -> Result<User, VerifyError> {
        let user = self.node.identity.verify_user(&token).await?;
        // Each request comes by here, so the id is written in its place.
        let mut id = Uuid::encode_buffer();
        let id: &str = user.id.hyphenated().encode_lower(&mut id);
        Ok(User {
            id: id.into(),
            session_id: user.session_id,
            caller: call::Caller {
                user: Some(user),
                workload: None,
            },
            token,
            stream_id,
            users: self.clone(),
            expires: OnceLock::new(),
        })
    }
}

impl Guard for UserGuard {
    fn admit<'a>(
        &'a self,
        asked: Asked<'a>,
    ) -> BoxFuture<'a, Result<Option<Arc<dyn Caller>>, Status>> {
        Box::pin(async move {
            if self.access == Access::Public {
                return Ok(self.perhaps(&asked).await);
            }
            let user = self.users.named(&asked).await?;
            runtime::server::allow(&self.access, &user.caller)?;
            Ok(Some(Arc::new(user) as Arc<dyn Caller>))
        })
    }
}

impl UserGuard {
    pub(crate) fn new(users: &Arc<Users>, access: Access) -> Self {
        let users = users.clone();
        Self { users, access }
    }

    /// The user of a method that is open to anybody, and asks who it is: a token that does not hold is
    /// taken for none.
    async fn perhaps(&self, asked: &Asked<'_>) -> Option<Arc<dyn Caller>> {
        let token = asked.head.headers.get(AUTHORIZATION).and_then(bearer)?;
        let user = self.users.by_bearer(token, asked).await.ok()?;
        Some(Arc::new(user))
    }
}

fn ticket(query: Option<&str>) -> Option<String> {
    guard::value(query, TICKET).map(Cow::into_owned)
}

fn no_token() -> Status {
    let message = "send an access token, as authorization: Bearer";
    Problem::new(Reason::TokenMissing, Code::Unauthenticated, message).into()
}

fn no_bearer() -> Status {
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

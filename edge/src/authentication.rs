//! Who asks: users of the mesh, by their tokens and by the tickets that stand for them.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use contracts::tradewind::auth::v1::auth_service_client::AuthServiceClient;
use contracts::tradewind::auth::v1::{RedeemTicketRequest, RedeemTicketResponse};
use futures::future::BoxFuture;
use gateway::Caller;
use gateway::guard::{self, Asked, Guard, Opening};
use net::metadata::{AUTHORIZATION, bearer};
use runtime::call::{self, CallContext, Token};
use runtime::contract::Access;
use runtime::identity::VerifyError;
use runtime::node::Node;
use runtime::status::{Problem, Reason};
use tonic::{Code, Status};
use uuid::Uuid;

mod user;

use user::User;

/// The query parameter by which browsers' EventSource, which sets no headers, brings its right.
pub(crate) const TICKET: &str = "ticket";

/// Where users are known from.
pub(crate) struct Users {
    node: Node,
    /// Tickets stand for tokens: the edge is one of the mesh, and may redeem them.
    takes_tickets: bool,
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

    /// The user whose token the request has, or a ticket that stands for it.
    async fn named(self: &Arc<Self>, asked: &Asked<'_>) -> Result<User, Status> {
        let head = asked.head;
        let presented = match head.headers.get(AUTHORIZATION) {
            Some(value) => {
                let token = bearer(value).ok_or_else(no_bearer)?;
                return Ok(self.by_token(token.into(), None).await?);
            }
            None => ticket(head.uri.query()),
        };
        match presented {
            Some(ticket) if asked.opening != Opening::Call && self.takes_tickets => {
                let request = RedeemTicketRequest {
                    ticket,
                    path: head.uri.path().to_owned(),
                    server_sent_events: asked.opening == Opening::EventSource,
                };
                let RedeemTicketResponse {
                    access_token,
                    stream_id,
                } = Box::pin(self.redeem(request, asked)).await?;
                let stream_id = stream_id.parse().ok();
                Ok(self.by_token(access_token.into(), stream_id).await?)
            }
            _ => Err(no_token()),
        }
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

    /// A ticket opens one path. Only the edge itself may redeem it.
    async fn redeem(
        &self,
        request: RedeemTicketRequest,
        asked: &Asked<'_>,
    ) -> Result<RedeemTicketResponse, Status> {
        let context = asked.context;
        let call = CallContext {
            deadline: context.deadline,
            request_id: context.request_id.clone(),
            client_address: Some(context.client_address),
            user_agent: context.user_agent.clone(),
            trace: context.trace.clone(),
            span: context.span.clone(),
            ..CallContext::background("edge")
        };
        let mut auth = AuthServiceClient::new(self.node.channel("svc-auth"));
        let reply = call.scope(async move { auth.redeem_ticket(request).await });
        Ok(reply.await?.into_inner())
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
        let user = self.users.by_token(token.into(), None).await.ok()?;
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

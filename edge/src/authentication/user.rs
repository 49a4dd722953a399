//! A user whose token was verified, and how long it may go on with what it has begun.

use std::sync::{Arc, OnceLock};

use futures::future::BoxFuture;
use gateway::Caller;
use runtime::call::{self, Token};
use runtime::status::{Problem, Reason};
use tokio::time::Instant;
use tonic::{Code, Status};
use uuid::Uuid;

use super::Users;

/// A user whose token was verified.
pub(super) struct User {
    pub(super) id: Arc<str>,
    /// As access rules take it.
    pub(super) caller: call::Caller,
    pub(super) session_id: Uuid,
    pub(super) token: Token,
    /// The stream that a ticket opens which reconnects: over when the ticket opens another.
    pub(super) stream_id: Option<Uuid>,
    /// Where it is known from.
    pub(super) users: Arc<Users>,
    /// When the token expires; read when it is first asked for, as calls without a stream never do.
    pub(super) expires: OnceLock<Option<Instant>>,
}

impl User {
    fn expires(&self) -> Option<Instant> {
        *self.expires.get_or_init(|| {
            self.token.expire_time().map(|expires| {
                let left = expires - self.users.node.clock.now();
                Instant::now() + left.to_std().unwrap_or_default()
            })
        })
    }
}

impl Caller for User {
    fn id(&self) -> &Arc<str> {
        &self.id
    }

    fn class(&self) -> &'static str {
        match self.caller.is_admin() {
            true => "admin",
            false => "user",
        }
    }

    fn token(&self) -> Option<&str> {
        self.users.tells_tokens.then_some(&*self.token)
    }

    /// Its token expires, its session ends, or its ticket opens another stream.
    fn over(&self) -> BoxFuture<'_, Status> {
        Box::pin(async {
            let identity = &self.users.node.identity;
            let unauthenticated =
                |reason, message: &str| Problem::new(reason, Code::Unauthenticated, message);
            let expiry = async {
                match self.expires() {
                    Some(expires) => tokio::time::sleep_until(expires).await,
                    None => std::future::pending().await,
                }
            };
            let replaced = async {
                match self.stream_id {
                    Some(stream_id) => identity.revoked(stream_id).await,
                    None => std::future::pending().await,
                }
            };
            let problem = tokio::select! {
                () = identity.revoked(self.session_id) => {
                    unauthenticated(Reason::SessionRevoked, "the session has ended")
                }
                () = replaced => {
                    unauthenticated(Reason::TicketInvalid, "the ticket has opened another stream")
                }
                () = expiry => unauthenticated(Reason::TokenExpired, "the token has expired"),
            };
            problem.into()
        })
    }
}

//! How long a caller may go on with what it has begun.

use runtime::identity::Identity;
use runtime::status::{Problem, Reason};
use tokio::time::Instant;
use tonic::Code;
use uuid::Uuid;

use crate::failure::Failure;

/// What ends the streams of a caller: its token expires, its session ends, or its ticket opens another.
pub(crate) struct Session {
    pub(super) identity: Identity,
    pub(super) id: Uuid,
    pub(super) stream_id: Option<Uuid>,
    pub(super) expires: Option<Instant>,
}

impl Session {
    /// Completes when it is over, with the reason.
    pub(crate) async fn over(&self) -> Failure {
        let unauthenticated = |reason, message: &str| {
            Failure::new(Problem::new(reason, Code::Unauthenticated, message))
        };
        let expiry = async {
            match self.expires {
                Some(expires) => tokio::time::sleep_until(expires).await,
                None => std::future::pending().await,
            }
        };
        let replaced = async {
            match self.stream_id {
                Some(stream_id) => self.identity.revoked(stream_id).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.identity.revoked(self.id) => {
                unauthenticated(Reason::SessionRevoked, "the session has ended")
            }
            () = replaced => {
                unauthenticated(Reason::TicketInvalid, "the ticket has opened another stream")
            }
            () = expiry => unauthenticated(Reason::TokenExpired, "the token has expired"),
        }
    }
}

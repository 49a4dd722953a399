//! How long a stream may last.

use std::sync::Arc;

use runtime::status::{Problem, Reason};
use tokio::time::Instant;
use tonic::Code;

use crate::authentication::Authenticated;
use crate::door::Door;
use crate::failure::Failure;
use crate::streams::Open;

/// As long as its caller's token holds, and until the edge goes away.
pub(crate) struct Lifetime {
    door: Arc<Door>,
    caller: Option<Authenticated>,
    expires: Option<Instant>,
    /// It lies where the stream does, in the body of its reply, and so is counted for as long.
    _open: Option<Arc<Open>>,
}

impl Lifetime {
    pub(crate) fn of(
        door: Arc<Door>,
        caller: Option<Authenticated>,
        open: Option<Arc<Open>>,
    ) -> Self {
        let expires = caller.as_ref().and_then(Authenticated::expires);
        let expires = expires.map(|expires| {
            let left = expires - door.edge.node.clock.now();
            Instant::now() + left.to_std().unwrap_or_default()
        });
        Self {
            door,
            caller,
            expires,
            _open: open,
        }
    }

    /// Completes when the stream has to end, with the reason.
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
        let identity = &self.door.edge.node.identity;
        let revocation = async {
            match &self.caller {
                Some(caller) => identity.revoked(caller.user.session_id).await,
                None => std::future::pending().await,
            }
        };
        let replaced = async {
            match self.caller.as_ref().and_then(|caller| caller.stream_id) {
                Some(stream_id) => identity.revoked(stream_id).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.door.drain.cancelled() => Failure::shutting_down(),
            () = revocation => unauthenticated(Reason::SessionRevoked, "the session has ended"),
            () = replaced => {
                unauthenticated(Reason::TicketInvalid, "the ticket has opened another stream")
            }
            () = expiry => unauthenticated(Reason::TokenExpired, "the token has expired"),
        }
    }
}

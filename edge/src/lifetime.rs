//! How long a stream may last.

use std::sync::Arc;

use runtime::identity::Identity;
use runtime::status::{Problem, Reason};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::Code;

use crate::authentication::{Authenticated, Callers};
use crate::failure::Failure;
use crate::streams::Open;

/// As long as its caller's token holds, and until the edge goes away.
pub(crate) struct Lifetime {
    drain: CancellationToken,
    identity: Identity,
    caller: Option<Authenticated>,
    expires: Option<Instant>,
    /// It lies where the stream does, in the body of its reply, and so is counted for as long.
    _open: Option<Arc<Open>>,
}

impl Lifetime {
    pub(crate) fn of(
        callers: &Callers,
        caller: Option<Authenticated>,
        open: Option<Arc<Open>>,
        drain: CancellationToken,
    ) -> Self {
        let expires = caller.as_ref().and_then(Authenticated::expires);
        let expires = expires.map(|expires| {
            let left = expires - callers.clock().now();
            Instant::now() + left.to_std().unwrap_or_default()
        });
        Self {
            drain,
            identity: callers.identity().clone(),
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
        let revocation = async {
            match &self.caller {
                Some(caller) => self.identity.revoked(caller.user.session_id).await,
                None => std::future::pending().await,
            }
        };
        let replaced = async {
            match self.caller.as_ref().and_then(|caller| caller.stream_id) {
                Some(stream_id) => self.identity.revoked(stream_id).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.drain.cancelled() => Failure::shutting_down(),
            () = revocation => unauthenticated(Reason::SessionRevoked, "the session has ended"),
            () = replaced => {
                unauthenticated(Reason::TicketInvalid, "the ticket has opened another stream")
            }
            () = expiry => unauthenticated(Reason::TokenExpired, "the token has expired"),
        }
    }
}

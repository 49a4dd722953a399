//! How long a stream may last.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::authentication::Session;
use crate::failure::Failure;
use crate::streams::Open;

/// As long as its caller's session, and until the edge goes away.
pub(crate) struct Lifetime {
    drain: CancellationToken,
    /// Of a caller who is known.
    session: Option<Session>,
    /// It lies where the stream does, in the body of its reply, and so is counted for as long.
    _open: Option<Arc<Open>>,
}

impl Lifetime {
    pub(crate) fn of(
        session: Option<Session>,
        open: Option<Arc<Open>>,
        drain: CancellationToken,
    ) -> Self {
        Self {
            drain,
            session,
            _open: open,
        }
    }

    /// Completes when the stream has to end, with the reason.
    pub(crate) async fn over(&self) -> Failure {
        let session = async {
            match &self.session {
                Some(session) => session.over().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.drain.cancelled() => Failure::shutting_down(),
            failure = session => failure,
        }
    }
}

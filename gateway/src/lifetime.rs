//! How long a stream may last.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::streams::Open;

/// As long as its caller may have it, and until the gateway goes away.
pub(crate) struct Lifetime {
    drain: CancellationToken,
    /// If it is known.
    caller: Option<Arc<dyn Caller>>,
    /// It lies where the stream does, in the body of its reply, and so is counted for as long.
    _open: Option<Arc<Open>>,
}

impl Lifetime {
    pub(crate) fn of(
        caller: Option<Arc<dyn Caller>>,
        open: Option<Arc<Open>>,
        drain: CancellationToken,
    ) -> Self {
        Self {
            drain,
            caller,
            _open: open,
        }
    }

    /// Completes when the stream has to end, with the reason.
    pub(crate) async fn over(&self) -> Failure {
        let session = async {
            match &self.caller {
                Some(caller) => Failure::of_guard(caller.over().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.drain.cancelled() => Failure::shutting_down(),
            failure = session => failure,
        }
    }
}

//! How long a stream may last.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::caller::Caller;
use crate::failure::Failure;
use crate::streams::Open;

/// As long as its caller may have it, and until the gateway goes away.
pub(crate) struct Lifetime {
    /// One future for all of its messages.
    over: BoxFuture<'static, Failure>,
    /// It lies where the stream does, in the body of its reply, and so is counted for as long.
    _open: Option<Arc<Open>>,
}

impl Lifetime {
    /// Of a stream of this caller, if it is known.
    pub(crate) fn of(
        caller: Option<Arc<dyn Caller>>,
        open: Option<Arc<Open>>,
        drain: CancellationToken,
    ) -> Self {
        let session = async move {
            match caller {
                Some(caller) => Failure::of_guard(caller.over().await),
                None => std::future::pending().await,
            }
        };
        let over = async move {
            tokio::select! {
                () = drain.cancelled() => Failure::shutting_down(),
                failure = session => failure,
            }
        };
        Self {
            over: over.boxed(),
            _open: open,
        }
    }

    /// Completes when the stream has to end, with the reason; once.
    pub(crate) async fn over(&mut self) -> Failure {
        (&mut self.over).await
    }
}

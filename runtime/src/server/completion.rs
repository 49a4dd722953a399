//! Calls that change something run to their end, whoever still waits for them.

use std::sync::Arc;

use http::{Request, Response};
use net::tasks::Tasks;
use tonic::body::Body;
use tower::Layer;
use tracing::Instrument as _;

use super::filter::Next;
use super::observe::Incoming;

#[derive(Clone)]
pub(super) struct CompletionLayer(pub(super) Tasks);

/// Hands such calls over to a task of their own, which a client cannot end by going away.
pub(super) struct Completed<N> {
    tasks: Tasks,
    next: Arc<N>,
}

impl<N> Layer<N> for CompletionLayer {
    type Service = Completed<N>;

    fn layer(&self, next: N) -> Completed<N> {
        Completed {
            tasks: self.0.clone(),
            next: Arc::new(next),
        }
    }
}

impl<N: Next> Next for Completed<N> {
    async fn run(&self, request: Request<Body>) -> Response<Body> {
        let incoming = Incoming::of(&request);
        let method = incoming.method.as_ref();
        if !method.is_some_and(|method| method.runs_to_its_end()) {
            return self.next.run(request).await;
        }
        let (next, span) = (self.next.clone(), incoming.span.clone());
        let work = async move { next.run(request).await };
        self.tasks.complete(work.instrument(span)).await
    }
}

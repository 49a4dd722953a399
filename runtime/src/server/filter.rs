//! Layers of the stack: tower layers whose services are called with a shared reference, so that
//! the whole stack is one future without a box between its layers.

use std::future::Future;

use http::{Request, Response};
use tonic::body::Body;

/// What answers a request; a failure is an answer with a gRPC status.
pub(super) trait Next: Send + Sync + 'static {
    fn run(&self, request: Request<Body>) -> impl Future<Output = Response<Body>> + Send;
}

/// One layer's part of the work.
pub(super) trait Filter: Send + Sync + 'static {
    fn filter<N: Next>(
        &self,
        request: Request<Body>,
        next: &N,
    ) -> impl Future<Output = Response<Body>> + Send;
}

#[derive(Clone)]
pub(super) struct FilterLayer<F>(pub(super) F);

pub(super) struct Filtered<F, N> {
    filter: F,
    next: N,
}

impl<F: Filter + Clone, N> tower::Layer<N> for FilterLayer<F> {
    type Service = Filtered<F, N>;

    fn layer(&self, next: N) -> Filtered<F, N> {
        Filtered {
            filter: self.0.clone(),
            next,
        }
    }
}

impl<F: Filter, N: Next> Next for Filtered<F, N> {
    fn run(&self, request: Request<Body>) -> impl Future<Output = Response<Body>> + Send {
        self.filter.filter(request, &self.next)
    }
}

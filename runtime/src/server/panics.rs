//! A panic is answered with INTERNAL, without detail.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use http::{Request, Response};
use net::tasks::panic_message;
use tonic::body::Body;
use tonic::{Code, Status};

use super::filter::{Filter, Next};
use crate::status::{Problem, Reason};

#[derive(Clone)]
pub(super) struct Panics;

impl Filter for Panics {
    async fn filter<N: Next>(&self, request: Request<Body>, next: &N) -> Response<Body> {
        // What a panic leaves half done is behind locks that heal, or in a transaction.
        match AssertUnwindSafe(next.run(request)).catch_unwind().await {
            Ok(response) => response,
            Err(panic) => answer(&*panic).into_http(),
        }
    }
}

/// Logs the words of a panic and says nothing of them.
pub(super) fn answer(panic: &(dyn std::any::Any + Send)) -> Status {
    tracing::error!(panic = &*panic_message(panic), "a handler panicked");
    Problem::new(Reason::Internal, Code::Internal, "internal error").into()
}

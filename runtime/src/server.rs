//! The one server stack: what stands before every handler.

mod context;
mod deadline;
mod filter;
mod health;
mod observe;
mod panics;
mod policy;
mod reflection;
mod shed;
mod stream;
mod streams;
mod validation;

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::service::Routes;
use tower::{Service as TowerService, ServiceBuilder, ServiceExt as _};

use crate::node::Node;
use crate::service::Service;
use crate::start::StartError;
use context::InContext;
use deadline::Deadlines;
use filter::{FilterLayer, Next};
pub use health::HealthState;
use observe::Observed;
use panics::Panics;
use policy::Policy;
pub use policy::allow;
use shed::Shed;
use streams::Streams;
use validation::Validated;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What a gRPC server bears.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerLimits {
    /// Calls at once; normal ones are refused above, low ones above three quarters of it, high
    /// ones above five quarters.
    pub max_concurrent_calls: usize,
    /// Bytes of a request's message.
    pub max_request_bytes: usize,
    /// Deadline of unary calls that come without one.
    pub default_deadline: Duration,
    /// Whether reflection is served.
    pub reflection: bool,
}

impl Default for ServerLimits {
    fn default() -> ServerLimits {
        ServerLimits {
            max_concurrent_calls: 1024,
            max_request_bytes: 4 * 1024 * 1024,
            default_deadline: Duration::from_secs(30),
            reflection: true,
        }
    }
}

/// A service with the server stack in front, to be given to [`crate::http::serve`].
#[derive(Clone)]
pub struct Server(Arc<dyn Call>);

trait Call: Send + Sync {
    fn call(self: Arc<Self>, request: Request<Body>) -> BoxFuture<'static, Response<Body>>;
}

impl<N: Next> Call for N {
    fn call(self: Arc<Self>, request: Request<Body>) -> BoxFuture<'static, Response<Body>> {
        Box::pin(async move { self.run(request).await })
    }
}

impl Server {
    /// Puts the stack in front of a service. Refuses methods without an access rule and rules
    /// that cannot be checked.
    pub fn new(
        node: &Node,
        service: Service,
        limits: &ServerLimits,
        health: &HealthState,
        drain: CancellationToken,
    ) -> Result<Server, StartError> {
        service.check(&node.contract)?;
        let routes = health.add_to(service.routes, &service.names);
        let stack = ServiceBuilder::new()
            // Outermost, so that every answer is measured and has its request id.
            .layer(FilterLayer(Observed::new(node)))
            // A panic anywhere below is an answer like others.
            .layer(FilterLayer(Panics))
            // Waiting below counts against the caller's time.
            .layer(FilterLayer(Deadlines::new(limits.default_deadline)))
            // Before anything that costs time.
            .layer(FilterLayer(Shed::new(limits.max_concurrent_calls)))
            // Before the message is read: strangers' messages are not worth it.
            .layer(FilterLayer(Policy::new(node.identity.clone())))
            // Handlers see only what the contract allows.
            .layer(FilterLayer(Validated::new(limits.max_request_bytes)))
            // Below the policy, as a stream lasts as long as its caller's right.
            .layer(FilterLayer(Streams::new(node, drain)))
            // Innermost, as it gathers what the others found out.
            .layer(FilterLayer(InContext))
            .service(Handlers {
                routes: routes.prepare(),
                reflection: limits.reflection,
            });
        Ok(Server(Arc::new(stack)))
    }
}

impl<B> TowerService<Request<B>> for Server
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let answer = self.0.clone().call(request.map(Body::new));
        Box::pin(async move { Ok(answer.await) })
    }
}

struct Handlers {
    routes: Routes,
    reflection: bool,
}

impl Next for Handlers {
    async fn run(&self, request: Request<Body>) -> Response<Body> {
        let reflects = self.reflection && request.uri().path().starts_with(reflection::PREFIX);
        let routes = if reflects {
            reflection::routes()
        } else {
            &self.routes
        };
        match routes.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

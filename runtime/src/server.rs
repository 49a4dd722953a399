//! The one server stack: what stands before every handler.

mod arriving;
mod completion;
mod compression;
mod content_type;
mod context;
mod deadline;
mod filter;
mod health;
mod limits;
mod observe;
mod pace;
mod panics;
mod policy;
mod receive;
mod reflection;
mod shed;
mod stream;
mod streams;
mod validation;

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use net::start::StartError;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::service::Routes;
use tower::{Service as TowerService, ServiceBuilder, ServiceExt as _};

use crate::node::Node;
use crate::service::Service;
use completion::CompletionLayer;
use compression::Compression;
use content_type::GrpcAlone;
use context::InContext;
use deadline::Deadlines;
use filter::{FilterLayer, Next};
pub use health::HealthState;
pub(crate) use limits::DEFAULT_DEADLINE;
pub use limits::ServerLimits;
use observe::Observed;
use panics::Panics;
use policy::Policy;
pub use policy::allow;
use receive::Receiver;
use shed::Shed;
use streams::Streams;
use validation::Validated;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A service with the server stack in front, to be given to [`net::http::serve`].
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
        let receiver = Receiver::new(node, limits);
        let stack = ServiceBuilder::new()
            // Outermost, so that every answer is measured and has its request id.
            .layer(FilterLayer(Observed::new(node)))
            // A panic anywhere below is an answer like others.
            .layer(FilterLayer(Panics))
            // Whatever follows answers as gRPC does.
            .layer(FilterLayer(GrpcAlone))
            // Waiting below counts against the caller's time.
            .layer(FilterLayer(Deadlines::new(
                limits.default_deadline,
                limits.max_deadline,
            )))
            // Before the message is read: strangers' messages are not worth it.
            .layer(FilterLayer(Policy::new(node.identity.clone())))
            // Whoever looks at messages sees what was compressed.
            .layer(FilterLayer(Compression))
            // Handlers see only what the contract allows.
            .layer(FilterLayer(Validated(receiver.clone())))
            // Below the policy, as a stream lasts as long as its caller's right.
            .layer(FilterLayer(Streams::new(node, drain, limits, receiver)))
            // When nothing is awaited of the caller any more, and above what counts the work: that of
            // a caller who has hung up is work like other.
            .layer(CompletionLayer(node.tasks.clone()))
            // Below what waits for the caller: who is slow to say what he wants would
            // take the place of others.
            .layer(FilterLayer(Shed::new(node, limits)))
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

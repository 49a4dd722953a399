//! Somebody's server: gRPC with reflection, and a contract of its own.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{Request, Response};
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::service::Routes;
use tonic::{Code, Status};
use tonic_prost::ProstCodec;
use tower::Service;

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Greeting {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(string, tag = "2")]
    pub(crate) text: String,
}

/// Greets everybody but nobody.
#[derive(Clone)]
struct Greeter;

struct Greet;

impl UnaryService<Greeting> for Greet {
    type Response = Greeting;
    type Future = BoxFuture<'static, Result<tonic::Response<Greeting>, Status>>;

    fn call(&mut self, request: tonic::Request<Greeting>) -> Self::Future {
        let Greeting { name, .. } = request.into_inner();
        let text = format!("Hello, {name}!");
        Box::pin(async move {
            match name.as_str() {
                "nobody" => Err(Status::new(Code::NotFound, "nobody is there")),
                _ => Ok(tonic::Response::new(Greeting { name, text })),
            }
        })
    }
}

impl Service<Request<Body>> for Greeter {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let codec = ProstCodec::<Greeting, Greeting>::default();
        Box::pin(async move { Ok(Grpc::new(codec).unary(Greet, request).await) })
    }
}

impl NamedService for Greeter {
    const NAME: &'static str = "greeter.v1.Greeter";
}

/// Serves until the test ends.
pub(crate) async fn serve() -> SocketAddr {
    let set = protox::Compiler::new(["tests/proto", "../proto"])
        .unwrap()
        .include_imports(true)
        .open_file("greeter.proto")
        .unwrap()
        .encode_file_descriptor_set();
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(&set)
        .build_v1()
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = Routes::new(reflection).add_service(Greeter);
    let incoming = tonic::transport::server::TcpIncoming::from(listener);
    let server = tonic::transport::Server::builder().add_routes(routes);
    tokio::spawn(server.serve_with_incoming(incoming));
    address
}

//! How long streams last.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use contracts::tradewind::orders::v1::WatchOrderRequest;
use futures::stream::{self, BoxStream, StreamExt as _};
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody};
use prost::Message as _;
use runtime::contract::Contract;
use runtime::node::Node;
use runtime::server::{HealthState, Server, ServerLimits};
use runtime::service::Service;
use runtime::status::Reason;
use runtime::testbed::Testbed;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::dummy::{bearer, frame};
use crate::identity::revoked;

pub(crate) const WATCH: &str = "/tradewind.orders.v1.OrdersService/WatchOrder";
const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

type Frames = BoxStream<'static, Result<Frame<Bytes>, Status>>;

/// svc-orders whose every method answers with a stream.
#[derive(Clone)]
pub(crate) struct Streaming(fn() -> Frames);

/// Its streams say nothing and have no end.
pub(crate) const SILENT: Streaming = Streaming(|| stream::pending().boxed());
/// Its streams say something whenever they are asked.
const TALKATIVE: Streaming =
    Streaming(|| stream::repeat_with(|| Ok(Frame::data(frame(&[])))).boxed());

impl tonic::server::NamedService for Streaming {
    const NAME: &'static str = "tradewind.orders.v1.OrdersService";
}

impl tower::Service<Request<Body>> for Streaming {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        ready(Ok(Response::new(Body::new(StreamBody::new((self.0)())))))
    }
}

/// The server stack itself, on no port, in front of a handler of streams.
struct Bare {
    bed: Testbed,
    node: Node,
    server: Server,
    drain: CancellationToken,
}

impl Bare {
    async fn start(streaming: Streaming) -> Bare {
        let mut bed = Testbed::new();
        let node = bed.node("svc-orders").await;
        let service = Service::new(&node).with(streaming);
        let (limits, health) = (ServerLimits::default(), HealthState::default());
        let drain = CancellationToken::new();
        let server = Server::new(&node, service, &limits, &health, drain.clone()).unwrap();
        Bare {
            bed,
            node,
            server,
            drain,
        }
    }

    async fn watch(&self, session: Uuid, metadata: &[(&'static str, &str)]) -> Body {
        let request = watch(&self.bed, session, metadata);
        self.server
            .clone()
            .oneshot(request)
            .await
            .unwrap()
            .into_body()
    }
}

/// A user's request for a stream.
pub(crate) fn watch(
    bed: &Testbed,
    session: Uuid,
    metadata: &[(&'static str, &str)],
) -> Request<Full<Bytes>> {
    let order = WatchOrderRequest {
        order_id: Uuid::nil().to_string(),
        ..Default::default()
    };
    let mut request = Request::new(Full::new(frame(&order.encode_to_vec())));
    *request.uri_mut() = WATCH.parse().unwrap();
    let token = bearer(&bed.access_token(Uuid::nil(), session, &["user"]));
    let metadata = metadata.iter().copied();
    for (name, value) in metadata.chain([("authorization", &*token)]) {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    request
}

/// The status at the end of a stream.
pub(crate) async fn end<B>(body: B) -> Status
where
    B: http_body::Body<Data = Bytes, Error = Status> + Unpin,
{
    let mut body = body;
    let mut trailers = HeaderMap::new();
    let to_the_end = async {
        while let Some(frame) = body.frame().await {
            if let Ok(told) = frame.unwrap().into_trailers() {
                trailers = told;
            }
        }
    };
    // On a paused clock, as far ahead as a stream might last; it only turns a hang into a failure.
    tokio::time::timeout(Duration::from_secs(24 * 60 * 60), to_the_end)
        .await
        .expect("it goes on");
    Status::from_header_map(&trailers).expect("it ends with a status")
}

#[tokio::test]
async fn a_stream_ends_with_a_status_when_the_server_drains() {
    let method = Contract::tradewind().method(WATCH).cloned().unwrap();
    assert!(method.server_streaming);
    let bare = Bare::start(SILENT).await;
    let stream = bare.watch(Uuid::nil(), &[]).await;
    bare.drain.cancel();
    let status = end(stream).await;
    assert_eq!(status.code(), Code::Unavailable);
    assert!(runtime::status::retry_delay(&status).is_some());
}

#[tokio::test]
async fn a_stream_ends_when_its_session_does_and_those_of_others_go_on() {
    let mut bed = Testbed::new();
    let node = bed.node("svc-orders").await;
    node.identity
        .set_revocation_source(|| Box::pin(async { Ok(Vec::new()) }));
    bed.serve(&node, Service::new(&node).with(SILENT)).unwrap();
    bed.start().await;
    let (leaving, staying) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let channel = bed.channel("svc-orders");
    let open = async |session| {
        let request = watch(&bed, session, &[]);
        channel.clone().oneshot(request).await.unwrap().into_body()
    };
    let (ends, mut goes_on) = (open(leaving).await, open(staying).await);
    node.bus.publish(&revoked(leaving), 1).await.unwrap();
    let told = tokio::time::timeout(Duration::from_secs(10), end(ends));
    let status = told.await.expect("nobody tells the stream");
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(
        runtime::status::reason(&status),
        Some(Reason::SessionRevoked)
    );
    assert!(futures::poll!(goes_on.frame()).is_pending());
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_when_its_users_token_expires() {
    let bare = Bare::start(SILENT).await;
    // The workload's own token, which holds for an hour, does not keep it open.
    let edge = bearer(&bare.bed.workload_token("edge"));
    let metadata = [("x-workload-authorization", &*edge)];
    let started = tokio::time::Instant::now();
    let status = end(bare.watch(Uuid::nil(), &metadata).await).await;
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(runtime::status::reason(&status), Some(Reason::TokenExpired));
    // On the paused clock; tokens count in seconds.
    let life = Duration::from_secs(15 * 60);
    assert!(started.elapsed() <= life && started.elapsed() > life - Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_a_workload_for_itself_ends_when_its_token_expires() {
    let bare = Bare::start(SILENT).await;
    let mut request = Request::new(StreamBody::new(Frames::from(stream::pending().boxed())));
    *request.uri_mut() = REFLECTION.parse().unwrap();
    let token = bearer(&bare.bed.workload_token("svc-users"));
    for (name, value) in [
        ("x-workload-authorization", &*token),
        ("content-type", "application/grpc"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let response = bare.server.clone().oneshot(request).await.unwrap();
    let status = end(response.into_body()).await;
    assert_eq!(runtime::status::reason(&status), Some(Reason::TokenExpired));
}

#[tokio::test]
async fn a_stream_that_always_has_something_to_say_ends_too() {
    let bare = Bare::start(TALKATIVE).await;
    let session = Uuid::from_u128(1);
    let mut stream = bare.watch(session, &[]).await;
    assert!(stream.frame().await.unwrap().unwrap().is_data());
    let ended = runtime::identity::Revocation {
        session_id: session,
        forget_time: bare.node.clock.now() + Duration::from_secs(60),
    };
    bare.node.identity.revocations().insert([ended]);
    let status = end(stream).await;
    assert_eq!(
        runtime::status::reason(&status),
        Some(Reason::SessionRevoked)
    );
}

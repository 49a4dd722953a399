//! How long streams last.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use contracts::tradewind::orders::v1::WatchOrderRequest;
use futures::channel::mpsc;
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
        Bare::within(streaming, ServerLimits::default()).await
    }

    async fn within(streaming: Streaming, limits: ServerLimits) -> Bare {
        let mut bed = Testbed::new();
        let node = bed.node("svc-orders").await;
        let service = Service::new(&node).with(streaming);
        let health = HealthState::default();
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
        self.ask(request).await.into_body()
    }

    async fn ask<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes, Error = Infallible> + Send + 'static,
    {
        self.server.clone().oneshot(request).await.unwrap()
    }

    /// The status that a user's stream is refused with; `None` of one that begins.
    async fn open(&self, user: u128) -> (Option<Status>, Body) {
        let mut request = watch(&self.bed, Uuid::nil(), &[]);
        let token = self
            .bed
            .access_token(Uuid::from_u128(user), Uuid::nil(), &["user"]);
        let token = bearer(&token).parse().unwrap();
        request.headers_mut().insert("authorization", token);
        let (head, body) = self.ask(request).await.into_parts();
        (Status::from_header_map(&head.headers), body)
    }

    /// A stream of reflection, in which the test says what the client sends.
    async fn reflect(&self) -> (mpsc::UnboundedSender<Bytes>, Body) {
        let (says, said) = mpsc::unbounded();
        let said = said.map(|data| Ok(Frame::data(data)));
        let mut request = Request::new(StreamBody::new(said));
        *request.uri_mut() = REFLECTION.parse().unwrap();
        let token = bearer(&self.bed.workload_token("svc-users"));
        for (name, value) in [
            ("x-workload-authorization", &*token),
            ("content-type", "application/grpc"),
        ] {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        (says, self.ask(request).await.into_body())
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
    let ours = [
        ("authorization", &*token),
        ("content-type", "application/grpc"),
    ];
    for (name, value) in metadata.chain(ours) {
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
    let (_says, stream) = bare.reflect().await;
    let status = end(stream).await;
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

#[tokio::test]
async fn a_user_has_so_many_streams_at_once_and_others_have_theirs() {
    let limits = ServerLimits {
        max_concurrent_streams: 3,
        max_streams_per_user: 2,
        ..ServerLimits::default()
    };
    let bare = Bare::within(SILENT, limits).await;
    let (ada, bob, eve) = (1, 2, 3);
    let ((none, _first), (nor, second)) = (bare.open(ada).await, bare.open(ada).await);
    assert!(none.is_none() && nor.is_none());
    let (refused, _) = bare.open(ada).await;
    let refused = refused.expect("one too many");
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(
        runtime::status::reason(&refused),
        Some(Reason::TooManyStreams)
    );
    let (none, _bobs) = bare.open(bob).await;
    assert!(none.is_none());

    let (refused, _) = bare.open(eve).await;
    let refused = refused.expect("the server has no more");
    let metrics = bare.node.telemetry.prometheus();
    let open = ops::value(&metrics, "rpc_server_open_streams", &[]);
    assert_eq!(open, Some(3.0), "{metrics}");
    assert_eq!(refused.code(), Code::Unavailable);
    assert!(runtime::status::retry_delay(&refused).is_some());
    drop(second);
    let (none, _eves) = bare.open(eve).await;
    assert!(none.is_none());
}

#[tokio::test(start_paused = true)]
async fn streams_live_on_where_calls_have_to_end() {
    let bare = Bare::start(SILENT).await;
    let mut stream = bare.watch(Uuid::nil(), &[]).await;
    let longest = ServerLimits::default().max_deadline;
    tokio::time::sleep(longest * 10).await;
    assert!(futures::poll!(stream.frame()).is_pending());
    // As long as the caller asked for, also if that is more than a call has.
    let asked = longest * 2;
    let started = tokio::time::Instant::now();
    let timeout = format!("{}S", asked.as_secs());
    let status = end(bare.watch(Uuid::nil(), &[("grpc-timeout", &timeout)]).await).await;
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(started.elapsed() >= asked);
}

#[tokio::test(start_paused = true)]
async fn a_message_of_a_stream_that_has_begun_has_to_come_to_its_end() {
    let bare = Bare::start(SILENT).await;
    let (says, mut stream) = bare.reflect().await;
    // ServerReflectionRequest {list_services: ""}, in two pieces.
    let ask = frame(&[0x3a, 0x00]);
    for piece in [ask.slice(..3), ask.slice(3..)] {
        says.unbounded_send(piece).unwrap();
    }
    assert!(stream.frame().await.unwrap().unwrap().is_data());
    // Between messages there is no hurry.
    tokio::time::sleep(Duration::from_secs(10 * 60)).await;
    assert!(futures::poll!(stream.frame()).is_pending());
    says.unbounded_send(ask.slice(..6)).unwrap();
    let status = end(stream).await;
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(
        runtime::status::reason(&status),
        Some(Reason::RequestTooSlow)
    );
}

#[tokio::test]
async fn a_message_of_a_stream_that_is_too_large_is_refused_before_it_comes() {
    let bare = Bare::start(SILENT).await;
    let (says, stream) = bare.reflect().await;
    let prefix = Bytes::from_static(&[0, 0x10, 0, 0, 0]);
    says.unbounded_send(prefix).unwrap();
    let status = end(stream).await;
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(
        runtime::status::reason(&status),
        Some(Reason::RequestTooLarge)
    );
}

//! gRPC through the edge, by generated clients.

use std::time::Duration;

use contracts::tradewind::catalog::v1::GetProductRequest;
use contracts::tradewind::catalog::v1::catalog_service_client::CatalogServiceClient;
use contracts::tradewind::orders::v1::orders_service_client::OrdersServiceClient;
use contracts::tradewind::orders::v1::{
    GetOrderRequest, OrderEvent, WatchOrderRequest, WatchOrderResponse,
};
use edge::generic::Access;
use futures::StreamExt as _;
use prost::Message as _;
use runtime::identity::Revocation;
use runtime::status::{self, Problem, Reason};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use crate::fixture::{Fixture, SESSION, settings, shop};
use crate::generic::{Book, before};
use crate::upstream::{Answer, Seen, Upstream, frame};

const PATIENCE: Duration = Duration::from_secs(20);

async fn channel(fixture: &Fixture) -> Channel {
    let endpoint = Endpoint::from_shared(fixture.url("")).unwrap();
    endpoint.connect().await.unwrap()
}

fn as_user<T>(fixture: &Fixture, message: T) -> Request<T> {
    with_token(&fixture.token(&["user"]), message)
}

fn with_token<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let authorization = format!("Bearer {token}").parse().unwrap();
    request
        .metadata_mut()
        .insert("authorization", authorization);
    request
}

fn an_order() -> GetOrderRequest {
    GetOrderRequest {
        order_id: "o-1".into(),
    }
}

fn watch() -> WatchOrderRequest {
    WatchOrderRequest {
        order_id: "o-1".into(),
        ..WatchOrderRequest::default()
    }
}

fn event(sequence: i64) -> WatchOrderResponse {
    let event = OrderEvent {
        sequence,
        reason: "r".repeat(10_000),
        ..OrderEvent::default()
    };
    WatchOrderResponse { event: Some(event) }
}

fn endless(_: &Seen) -> Answer {
    Answer::Stream(futures::stream::repeat_with(|| Ok(event(1).encode_to_vec())).boxed())
}

fn one_and_silence(_: &Seen) -> Answer {
    let first = futures::stream::iter([Ok(event(1).encode_to_vec())]);
    Answer::Stream(first.chain(futures::stream::pending()).boxed())
}

#[tokio::test]
async fn a_generated_client_calls_through_the_edge() {
    let fixture = Fixture::start(shop).await;
    let channel = channel(&fixture).await;
    let request = GetProductRequest { sku: "A 1".into() };
    let mut catalog = CatalogServiceClient::new(channel.clone());
    let reply = catalog.get_product(request);
    assert_eq!(
        reply.await.unwrap().into_inner().product.unwrap().title,
        "Lamp"
    );

    let mut orders = OrdersServiceClient::new(channel);
    let request = as_user(&fixture, an_order());
    let reply = orders.get_order(request).await.unwrap();
    assert!(reply.metadata().contains_key("x-request-id"));
    assert_eq!(reply.into_inner().order.unwrap().order_id, "o-1");
    let call = fixture.upstream.last_call();
    assert_eq!(call.decode::<GetOrderRequest>(), an_order());
    assert!(call.metadata("authorization").is_some());
    assert!(call.metadata("x-workload-authorization").is_some());
}

#[tokio::test]
async fn who_may_not_call_is_told_as_the_services_would() {
    let fixture = Fixture::start(shop).await;
    let mut orders = OrdersServiceClient::new(channel(&fixture).await);
    let refused = orders.get_order(an_order()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert_eq!(status::reason(&refused), Some(Reason::TokenMissing));

    let request = with_token(&fixture.token(&["nobody"]), an_order());
    let refused = orders.get_order(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert_eq!(status::reason(&refused), Some(Reason::AccessDenied));
    assert!(fixture.upstream.calls().is_empty());
}

#[tokio::test]
async fn methods_of_the_mesh_alone_are_not_served() {
    use contracts::tradewind::auth::v1::ListRevocationsRequest;
    use contracts::tradewind::auth::v1::auth_service_client::AuthServiceClient;
    let fixture = Fixture::start(shop).await;
    let mut auth = AuthServiceClient::new(channel(&fixture).await);
    let request = as_user(&fixture, ListRevocationsRequest::default());
    let refused = auth.list_revocations(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented);
    assert!(fixture.upstream.calls().is_empty());
}

#[tokio::test]
async fn errors_keep_their_details_and_faults_stay_inside() {
    let fixture = Fixture::start(|seen: &Seen| {
        Answer::Error(match seen.path.ends_with("/GetOrder") {
            true => Problem::not_found("order", "o-1").into(),
            false => Status::internal("secret of the upstream"),
        })
    })
    .await;
    let channel = channel(&fixture).await;
    let mut orders = OrdersServiceClient::new(channel.clone());
    let error = orders.get_order(as_user(&fixture, an_order())).await;
    let error = error.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    assert_eq!(status::reason(&error), Some(Reason::ResourceNotFound));
    let request = GetProductRequest { sku: "A".into() };
    let error = CatalogServiceClient::new(channel)
        .get_product(request)
        .await;
    let error = error.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Code::Internal, "internal error")
    );
}

#[tokio::test]
async fn a_message_may_be_as_large_as_a_body() {
    let mut settings = settings();
    settings.requests.body_limit = 1000;
    let fixture = Fixture::with(settings, shop).await;
    let mut catalog = CatalogServiceClient::new(channel(&fixture).await);
    let sku = |length| GetProductRequest {
        sku: "s".repeat(length),
    };
    assert!(catalog.get_product(sku(997)).await.is_ok());
    for length in [998, 100_000] {
        let refused = catalog.get_product(sku(length)).await.unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
        assert_eq!(status::reason(&refused), Some(Reason::RequestTooLarge));
    }
}

/// Asked by a client that does not look at the clock itself, as generated ones do.
#[tokio::test]
async fn a_deadline_holds() {
    let fixture = Fixture::start(|_: &Seen| Answer::Silence).await;
    let client = reqwest::Client::builder()
        .no_proxy()
        .http2_prior_knowledge();
    let path = "/tradewind.orders.v1.OrdersService/GetOrder";
    let request = client.build().unwrap().post(fixture.url(path));
    let request = request
        .bearer_auth(fixture.token(&["user"]))
        .header("content-type", "application/grpc")
        .header("grpc-timeout", "100m")
        .body(frame(&an_order().encode_to_vec()));
    let late = request.send().await.unwrap();
    let late = Status::from_header_map(late.headers()).unwrap();
    assert_eq!(late.code(), Code::DeadlineExceeded);
    assert_eq!(status::reason(&late), Some(Reason::DeadlineExceeded));
}

#[tokio::test]
async fn a_stream_comes_message_by_message_and_ends_with_its_status() {
    let fixture = Fixture::start(|_: &Seen| {
        let events = (1..=3).map(|number| Ok(event(number).encode_to_vec()));
        let end = Err(Problem::not_found("order", "o-1").into());
        Answer::Stream(futures::stream::iter(events.chain([end])).boxed())
    })
    .await;
    let mut orders = OrdersServiceClient::new(channel(&fixture).await);
    let request = as_user(&fixture, watch());
    let mut events = orders.watch_order(request).await.unwrap().into_inner();
    for number in 1..=3 {
        let event = events.message().await.unwrap().unwrap().event.unwrap();
        assert_eq!(event.sequence, number);
    }
    let end = events.message().await.unwrap_err();
    assert_eq!(end.code(), Code::NotFound);
    assert_eq!(status::reason(&end), Some(Reason::ResourceNotFound));
}

#[tokio::test]
async fn a_stream_ends_with_the_session() {
    let fixture = Fixture::start(one_and_silence).await;
    let mut orders = OrdersServiceClient::new(channel(&fixture).await);
    let request = as_user(&fixture, watch());
    let mut events = orders.watch_order(request).await.unwrap().into_inner();
    events.message().await.unwrap();
    let forget_time = fixture.node.clock.now() + Duration::from_secs(900);
    fixture.node.identity.revocations().insert([Revocation {
        session_id: SESSION,
        forget_time,
    }]);
    let end = tokio::time::timeout(PATIENCE, events.message()).await;
    let end = end.unwrap().unwrap_err();
    assert_eq!(status::reason(&end), Some(Reason::SessionRevoked));
    fixture.upstream.abandoned(1).await;
}

#[tokio::test]
async fn a_client_that_goes_away_ends_the_call_upstream() {
    for answer in [one_and_silence, endless, |_: &Seen| Answer::Silence] {
        let fixture = Fixture::start(answer).await;
        let mut orders = OrdersServiceClient::new(channel(&fixture).await);
        let request = as_user(&fixture, watch());
        let call = async {
            orders
                .watch_order(request)
                .await?
                .into_inner()
                .message()
                .await
        };
        // Long enough to be under way, whether or not a message comes.
        let under_way = async {
            while fixture.upstream.calls().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            () = under_way => {}
            _ = call => {}
        }
        fixture.upstream.abandoned(1).await;
    }
}

#[tokio::test]
async fn an_upstream_is_read_no_faster_than_the_client_reads() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = sent.clone();
    let fixture = Fixture::start(move |_: &Seen| {
        let counted = counted.clone();
        let messages = futures::stream::repeat_with(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(event(1).encode_to_vec())
        });
        Answer::Stream(messages.take(10_000).boxed())
    })
    .await;
    let mut orders = OrdersServiceClient::new(channel(&fixture).await);
    let request = as_user(&fixture, watch());
    let mut events = orders.watch_order(request).await.unwrap().into_inner();
    events.message().await.unwrap();
    // Until nothing more is taken from the upstream.
    let mut before = 0;
    while before != sent.load(Ordering::Relaxed) {
        before = sent.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    // Windows hold some megabytes; 100 MB are to come.
    assert!(
        before < 5_000,
        "{before} messages of 10 kB are on their way"
    );
    let mut received = 1;
    while events.message().await.unwrap().is_some() {
        received += 1;
    }
    assert_eq!(received, 10_000);
}

/// A call of the library's `Echo`, whose requests come through the sender.
async fn echo(
    fixture: &Fixture,
) -> (
    tokio::sync::mpsc::Sender<Book>,
    Result<tonic::Response<tonic::Streaming<Book>>, Status>,
) {
    let (sender, mut books) = tokio::sync::mpsc::channel(1);
    let books = futures::stream::poll_fn(move |context| books.poll_recv(context));
    let mut client = tonic::client::Grpc::new(channel(fixture).await);
    client.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<Book, Book>::default();
    let path = "/library.v1.Library/Echo".parse().unwrap();
    let reply = client.streaming(Request::new(books), path, codec).await;
    (sender, reply)
}

fn book(pages: i64) -> Book {
    Book {
        name: "b".repeat(1000),
        pages,
    }
}

async fn library() -> Fixture {
    before(
        Upstream::start(|_| Answer::Silence).await,
        Access::Public,
        |_| (),
    )
    .await
}

#[tokio::test]
async fn both_sides_stream_at_the_same_time() {
    let fixture = library().await;
    let (books, reply) = echo(&fixture).await;
    let mut replies = reply.unwrap().into_inner();
    for pages in 1..=100 {
        books.send(book(pages)).await.unwrap();
        let back = tokio::time::timeout(PATIENCE, replies.message()).await;
        assert_eq!(back.unwrap().unwrap().unwrap().pages, pages);
    }
    drop(books);
    assert_eq!(replies.message().await.unwrap(), None);
    let trailers = replies.trailers().await.unwrap().unwrap();
    assert_eq!(trailers.get("shelf").unwrap(), "seven");
}

#[tokio::test]
async fn a_message_in_a_stream_may_be_too_large() {
    let fixture = library().await;
    let (books, reply) = echo(&fixture).await;
    let mut replies = reply.unwrap().into_inner();
    books.send(book(1)).await.unwrap();
    assert!(replies.message().await.unwrap().is_some());
    let large = Book {
        name: "b".repeat(2 << 20),
        pages: 2,
    };
    books.send(large).await.unwrap();
    let end = tokio::time::timeout(PATIENCE, replies.message()).await;
    assert_eq!(end.unwrap().unwrap_err().code(), Code::ResourceExhausted);
}

#[tokio::test]
async fn http_1_cannot_carry_grpc() {
    let fixture = Fixture::start(shop).await;
    let path = "/tradewind.catalog.v1.CatalogService/GetProduct";
    let request = fixture.request("POST", path);
    let request = request.header("content-type", "application/grpc");
    let response = request.body(frame(b"")).send().await.unwrap();
    assert_eq!(response.status(), 505);
}

#[tokio::test]
async fn limits_count_calls_of_every_protocol() {
    let mut settings = settings();
    settings.rates.address_limit = edge::Rate::of(1, 60);
    let fixture = Fixture::with(settings, shop).await;
    let mut catalog = CatalogServiceClient::new(channel(&fixture).await);
    let request = || GetProductRequest { sku: "A 1".into() };
    assert!(catalog.get_product(request()).await.is_ok());
    let refused = catalog.get_product(request()).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(status::reason(&refused), Some(Reason::RateLimited));
}

/// `grpc.reflection.v1.ServerReflectionRequest`, as far as it matters here.
#[derive(Clone, PartialEq, prost::Message)]
struct Question {
    #[prost(string, optional, tag = "4")]
    file_containing_symbol: Option<String>,
    #[prost(string, optional, tag = "7")]
    list_services: Option<String>,
}

/// The reply to a question, as text that holds all names.
async fn reflect(fixture: &Fixture, question: Question) -> Result<String, Status> {
    let message = frame(&question.encode_to_vec());
    let client = reqwest::Client::builder()
        .no_proxy()
        .http2_prior_knowledge();
    let path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    let request = client.build().unwrap().post(fixture.url(path));
    let request = request.header("content-type", "application/grpc");
    let reply = request.body(message).send().await.unwrap();
    match reply.headers().get("grpc-status") {
        Some(code) => Err(Status::new(Code::from_bytes(code.as_bytes()), "")),
        None => Ok(String::from_utf8_lossy(&reply.bytes().await.unwrap()).into_owned()),
    }
}

#[tokio::test]
async fn reflection_tells_of_what_clients_may_call() {
    let mut settings = settings();
    let list = || Question {
        list_services: Some(String::new()),
        ..Question::default()
    };
    let fixture = Fixture::with(settings.clone(), shop).await;
    let off = reflect(&fixture, list()).await.unwrap_err();
    assert_eq!(off.code(), Code::Unimplemented);

    settings.web.edge_reflection = true;
    let fixture = Fixture::with(settings, shop).await;
    let services = reflect(&fixture, list()).await.unwrap();
    assert!(
        services.contains("tradewind.catalog.v1.CatalogService"),
        "{services}"
    );
    let catalog = Question {
        file_containing_symbol: Some("tradewind.catalog.v1.CatalogService".to_owned()),
        ..Question::default()
    };
    let catalog = reflect(&fixture, catalog).await.unwrap();
    assert!(catalog.contains("ListProducts") && catalog.contains("/v1/products"));
    assert!(
        !catalog.contains("\u{10}BatchGetProducts\u{12}"),
        "{catalog}"
    );
}

#[tokio::test]
async fn compressed_frames_pass_through_unopened() {
    let fixture = Fixture::start(shop).await;
    let client = reqwest::Client::builder()
        .no_proxy()
        .http2_prior_knowledge();
    let path = "/tradewind.catalog.v1.CatalogService/GetProduct";
    let request = client.build().unwrap().post(fixture.url(path));
    let request = request.header("content-type", "application/grpc");
    let request = request
        .header("grpc-encoding", "gzip")
        .header("te", "trailers");
    // It is no gzip at all, which only who opens it learns.
    let frame = b"\x01\0\0\0\x04zzzz";
    let response = request
        .header("grpc-accept-encoding", "gzip")
        .body(&frame[..]);
    assert_eq!(response.send().await.unwrap().status(), 200);
    let call = fixture.upstream.last_call();
    assert_eq!(call.frames, &frame[..]);
    assert_eq!(call.metadata("grpc-encoding"), Some("gzip"));
    assert_eq!(call.metadata("grpc-accept-encoding"), Some("gzip"));
}

#[tokio::test]
async fn a_coding_that_the_upstream_does_not_know_is_refused_with_those_it_does() {
    let fixture = Fixture::start(|_: &Seen| {
        let mut status = Status::unimplemented("messages may be compressed with gzip or zstd");
        let codings = "identity,gzip,zstd".parse().unwrap();
        status
            .metadata_mut()
            .insert("grpc-accept-encoding", codings);
        Answer::Error(status)
    })
    .await;
    let client = reqwest::Client::builder()
        .no_proxy()
        .http2_prior_knowledge();
    let path = "/tradewind.catalog.v1.CatalogService/GetProduct";
    let request = client.build().unwrap().post(fixture.url(path));
    let request = request
        .header("content-type", "application/grpc")
        .header("grpc-encoding", "deflate")
        .header("te", "trailers");
    let response = request.body(&b"\x01\0\0\0\x04zzzz"[..]).send().await;
    let response = response.unwrap();
    let headers = response.headers();
    assert_eq!(headers["grpc-status"], "12");
    assert_eq!(headers["grpc-accept-encoding"], "identity,gzip,zstd");
}

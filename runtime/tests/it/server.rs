use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use contracts::tradewind::orders::v1::{Address, CreateOrderItem, CreateOrderRequest};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request};
use http_body_util::{BodyExt as _, Full};
use net::telemetry::Telemetry;
use prost::Message as _;
use runtime::server::{HealthState, Server, ServerLimits};
use runtime::service::Service;
use runtime::status::Reason;
use runtime::testbed::{Testbed, patient};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::dummy::{self, Handler, bearer, call, fine, frame, handler};
use crate::streams::WATCH;

const CREATE: &str = "/tradewind.orders.v1.OrdersService/CreateOrder";
const LIST: &str = "/tradewind.orders.v1.OrdersService/ListOrders";

async fn orders(handler: Handler) -> Testbed {
    let mut testbed = Testbed::new();
    let node = testbed.node("svc-orders").await;
    let service = Service::new(&node).with(dummy::Orders(handler));
    testbed.serve(&node, service).unwrap();
    testbed.start().await;
    testbed
}

fn user(testbed: &Testbed) -> String {
    bearer(&testbed.access_token(Uuid::nil(), Uuid::nil(), &["user"]))
}

/// The server stack itself, without a client's timers in front.
async fn bare(handler: Handler, limits: ServerLimits) -> (Testbed, Server, CancellationToken) {
    let mut testbed = Testbed::new();
    let node = testbed.node("svc-orders").await;
    let service = Service::new(&node).with(dummy::Orders(handler));
    let drain = CancellationToken::new();
    let server = Server::new(
        &node,
        service,
        &limits,
        &HealthState::default(),
        drain.clone(),
    )
    .unwrap();
    (testbed, server, drain)
}

fn request(testbed: &Testbed, path: &str) -> Request<Full<bytes::Bytes>> {
    let mut request = Request::new(Full::new(frame(&[])));
    *request.uri_mut() = path.parse().unwrap();
    request
        .headers_mut()
        .insert("authorization", user(testbed).parse().unwrap());
    request
        .headers_mut()
        .insert("content-type", "application/grpc".parse().unwrap());
    request
}

fn order() -> CreateOrderRequest {
    let item = |sku: &str, quantity| CreateOrderItem {
        sku: sku.into(),
        quantity,
    };
    CreateOrderRequest {
        items: vec![item("85123A", 6), item("71053", 0)],
        ship_to: Some(Address {
            name: "Ada".into(),
            lines: vec!["1 Analytical Row".into()],
            city: "London".into(),
            postal_code: "N1".into(),
            country: "gb".into(),
        }),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_field_that_breaks_a_rule_is_named_before_the_handler_sees_it() {
    let testbed = orders(handler(|_| async { panic!("the handler was called") })).await;
    let (channel, user) = (testbed.channel("svc-orders"), user(&testbed));
    let metadata = [("authorization", user.as_str())];
    let reply = call(&channel, CREATE, &order().encode_to_vec(), &metadata).await;
    assert_eq!(reply.code(), Code::InvalidArgument);
    assert_eq!(reply.reason(), Some(Reason::InvalidField));
    let details = reply.status.get_error_details();
    let violations = &details.bad_request().unwrap().field_violations;
    let fields: Vec<_> = violations
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    assert_eq!(fields, ["items[1].quantity", "shipTo.country"]);

    let malformed = call(&channel, CREATE, &[0x0a, 0x7f], &metadata).await;
    assert_eq!(malformed.code(), Code::InvalidArgument);
    assert_eq!(malformed.reason(), Some(Reason::MalformedRequest));

    let large = vec![0; 5 * 1024 * 1024];
    let large = call(&channel, CREATE, &large, &metadata).await;
    assert_eq!(large.code(), Code::ResourceExhausted);
    assert_eq!(large.reason(), Some(Reason::RequestTooLarge));
}

#[tokio::test]
async fn what_is_no_grpc_is_refused_as_http_and_not_answered_with_200() {
    let limits = ServerLimits::default();
    let (testbed, server, _drain) = bare(fine(), limits).await;
    let answer = async |content_type: Option<&'static str>, method: Method| {
        let mut request = request(&testbed, LIST);
        *request.method_mut() = method;
        request.headers_mut().remove(CONTENT_TYPE);
        if let Some(content_type) = content_type {
            let content_type = HeaderValue::from_static(content_type);
            request.headers_mut().insert(CONTENT_TYPE, content_type);
        }
        let response = server.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let is_grpc = head.headers[CONTENT_TYPE] == "application/grpc";
        let body = body.collect().await.unwrap().to_bytes();
        (head.status.as_u16(), is_grpc, body.is_empty())
    };
    for foreign in [
        None,
        Some("application/json"),
        Some("application/grpc-web+proto"),
        Some("application/grpcs"),
    ] {
        let refused = (415, false, false);
        assert_eq!(answer(foreign, Method::POST).await, refused, "{foreign:?}");
    }
    assert_eq!(answer(None, Method::HEAD).await, (415, false, true));
    for grpc in [
        "application/grpc",
        "Application/gRPC+proto",
        "application/grpc;a=b",
    ] {
        let served = (200, true, false);
        assert_eq!(answer(Some(grpc), Method::POST).await, served, "{grpc}");
    }
}

#[tokio::test]
async fn a_panic_is_an_internal_error_without_detail_and_the_server_goes_on() {
    let testbed = orders(handler(|_| async { panic!("the password is hunter2") })).await;
    let (channel, user) = (testbed.channel("svc-orders"), user(&testbed));
    for _ in 0..2 {
        let reply = call(&channel, LIST, &[], &[("authorization", &user)]).await;
        assert_eq!(reply.code(), Code::Internal);
        assert_eq!(reply.reason(), Some(Reason::Internal));
        assert!(!format!("{reply:?}").contains("hunter2"), "{reply:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_server_holds_the_callers_deadline_by_its_own_timer() {
    struct Dropped(Arc<AtomicUsize>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let dropped = Arc::new(AtomicUsize::new(0));
    let in_handler = dropped.clone();
    let never = handler(move |_| {
        let guard = Dropped(in_handler.clone());
        async move {
            let _guard = guard;
            std::future::pending().await
        }
    });
    let (testbed, server, _) = bare(never, ServerLimits::default()).await;
    let mut request = request(&testbed, LIST);
    request
        .headers_mut()
        .insert("grpc-timeout", "50m".parse().unwrap());
    let started = tokio::time::Instant::now();
    let response = server.oneshot(request).await.unwrap();
    let status = Status::from_header_map(response.headers()).unwrap();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(
        runtime::status::reason(&status),
        Some(Reason::DeadlineExceeded)
    );
    assert!(started.elapsed() < Duration::from_millis(100));
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
}

/// Asks for a call whose handler never returns, on the paused clock; gives how long it took.
async fn endless(path: &str, timeout: Option<&str>) -> (Status, Duration) {
    let never = handler(|_| std::future::pending());
    let (testbed, server, _) = bare(never, ServerLimits::default()).await;
    let mut request = match path {
        LIST => request(&testbed, LIST),
        _ => crate::streams::watch(&testbed, Uuid::nil(), &[]),
    };
    if let Some(timeout) = timeout {
        let timeout = timeout.parse().unwrap();
        request.headers_mut().insert("grpc-timeout", timeout);
    }
    let started = tokio::time::Instant::now();
    let response = server.oneshot(request).await.unwrap();
    let status = Status::from_header_map(response.headers()).unwrap();
    (status, started.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_never_returns_is_ended_whatever_its_caller_asks_for() {
    let limits = ServerLimits::default();
    let margin = Duration::from_secs(1);
    for (path, timeout, expected) in [
        (LIST, None, limits.default_deadline),
        (LIST, Some("99999999H"), limits.max_deadline),
        // A stream has the same time to begin.
        (WATCH, None, limits.max_deadline),
        (WATCH, Some("99999999H"), limits.max_deadline),
    ] {
        let (status, took) = endless(path, timeout).await;
        assert_eq!(status.code(), Code::DeadlineExceeded, "{path} {timeout:?}");
        assert!(
            took >= expected && took < expected + margin,
            "{path} {timeout:?}: {took:?}"
        );
    }
}

#[tokio::test]
async fn a_handler_and_what_it_calls_have_no_more_time_than_the_longest_deadline() {
    let (told, mut news) = tokio::sync::mpsc::unbounded_channel();
    let tells = handler(move |asked| {
        told.send(asked.call.deadline).unwrap();
        async { Ok(Vec::new()) }
    });
    let limits = ServerLimits::default();
    let (testbed, server, _) = bare(tells, limits.clone()).await;
    let mut request = request(&testbed, LIST);
    let timeout = "99999999H".parse().unwrap();
    request.headers_mut().insert("grpc-timeout", timeout);
    server.oneshot(request).await.unwrap();
    let deadline = news.recv().await.unwrap().unwrap();
    assert!(deadline <= tokio::time::Instant::now() + limits.max_deadline);
}

#[tokio::test]
async fn under_overload_what_matters_least_is_refused_first() {
    let release = Arc::new(Notify::new());
    let entered = Arc::new(AtomicUsize::new(0));
    let (gate, count) = (release.clone(), entered.clone());
    let slow = handler(move |_| {
        let (gate, count) = (gate.clone(), count.clone());
        async move {
            count.fetch_add(1, Ordering::SeqCst);
            gate.notified().await;
            Ok(Vec::new())
        }
    });
    let limits = ServerLimits {
        max_concurrent_calls: 4,
        ..ServerLimits::default()
    };
    let (testbed, server, _) = bare(slow, limits).await;
    let get = "/tradewind.orders.v1.OrdersService/GetOrder";
    let valid = {
        let order_id = Uuid::nil().to_string();
        contracts::tradewind::orders::v1::CancelOrderRequest {
            order_id,
            ..Default::default()
        }
    };
    let normal = || {
        let mut request = request(&testbed, get);
        *request.body_mut() = Full::new(frame(&valid.encode_to_vec()));
        tokio::spawn(server.clone().oneshot(request))
    };
    let running: Vec<_> = (0..3).map(|_| normal()).collect();
    while entered.load(Ordering::SeqCst) < 3 {
        tokio::task::yield_now().await;
    }
    let metrics = testbed.telemetry().prometheus();
    let of_it = |name: &str| ops::value(&metrics, &format!("rpc_server_{name}"), &[]);
    let measured = ["active_calls", "call_limit"].map(of_it);
    assert_eq!(measured, [3.0, 4.0].map(Some));
    let code = |response: http::Response<tonic::body::Body>| {
        Status::from_header_map(response.headers()).map_or(Code::Ok, |status| status.code())
    };
    // Three of four are taken: a list is of low priority, one order is not.
    let low = server
        .clone()
        .oneshot(request(&testbed, LIST))
        .await
        .unwrap();
    let status = Status::from_header_map(low.headers()).unwrap();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert_eq!(runtime::status::reason(&status), Some(Reason::Overloaded));
    assert!(runtime::status::retry_delay(&status).is_some());
    let fourth = normal();
    while entered.load(Ordering::SeqCst) < 4 {
        tokio::task::yield_now().await;
    }
    assert_eq!(code(normal().await.unwrap().unwrap()), Code::Unavailable);
    for call in running.into_iter().chain([fourth]) {
        release.notify_waiters();
        release.notify_one();
        assert_eq!(code(call.await.unwrap().unwrap()), Code::Ok);
    }
}

#[tokio::test]
async fn calls_are_measured_by_the_names_of_the_semantic_conventions() {
    let telemetry = Telemetry::detached();
    let config = patient(telemetry.clone(), bus::Bus::in_process());
    let mut testbed = Testbed::with(config);
    let node = testbed.node("svc-orders").await;
    let service = Service::new(&node).with(dummy::Orders(fine()));
    testbed.serve(&node, service).unwrap();
    testbed.start().await;
    let channel = testbed.channel("svc-orders");
    call(&channel, LIST, &[], &[]).await;
    let metrics = telemetry.prometheus();
    let labels = [
        ("rpc_method", "tradewind.orders.v1.OrdersService/ListOrders"),
        ("rpc_response_status_code", "UNAUTHENTICATED"),
        ("rpc_system_name", "grpc"),
        ("service_name", "svc-orders"),
    ];
    let count = ops::value(&metrics, "rpc_server_call_duration_seconds_count", &labels);
    assert_eq!(count, Some(1.0), "{metrics}");
    assert!(
        metrics.contains("rpc_client_call_duration_seconds_count"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_server_that_the_contract_does_not_know_is_refused() {
    #[derive(Clone)]
    struct Stranger(dummy::Orders);
    impl tonic::server::NamedService for Stranger {
        const NAME: &'static str = "stranger.v1.StrangerService";
    }
    impl tower::Service<Request<tonic::body::Body>> for Stranger {
        type Response = http::Response<tonic::body::Body>;
        type Error = std::convert::Infallible;
        type Future = <dummy::Orders as tower::Service<Request<tonic::body::Body>>>::Future;

        fn poll_ready(
            &mut self,
            context: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Result<(), Self::Error>> {
            tower::Service::poll_ready(&mut self.0, context)
        }

        fn call(&mut self, request: Request<tonic::body::Body>) -> Self::Future {
            tower::Service::call(&mut self.0, request)
        }
    }
    let mut testbed = Testbed::new();
    let node = testbed.node("svc-orders").await;
    let service = Service::new(&node).with(Stranger(dummy::Orders(fine())));
    let error = testbed.serve(&node, service).unwrap_err();
    assert!(
        error.to_string().contains("stranger.v1.StrangerService"),
        "{error}"
    );
}

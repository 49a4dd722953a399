//! More work than a service can do, in numbers and in virtual time: what comes of it when work is refused
//! by how long it waits, and when it is not.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use contracts::tradewind::orders::v1::{
    Address, CancelOrderRequest, CreateOrderItem, CreateOrderRequest,
};
use http::{HeaderMap, Request};
use http_body_util::Full;
use net::telemetry::Telemetry;
use prost::Message as _;
use runtime::host::HostConfig;
use runtime::load::{Load, Queue};
use runtime::server::{HealthState, Server, ServerLimits};
use runtime::service::Service;
use runtime::testbed::Testbed;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tonic::Code;
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::dummy::{self, Handler, bearer, frame, handler};

const SERVICE: &str = "/tradewind.orders.v1.OrdersService";
/// Connections to the database, and for how long a call has one: 800 calls a second.
const CONNECTIONS: usize = 8;
const WORK: Duration = Duration::from_millis(10);
const CAPACITY: f64 = 800.0;
const SECONDS: u32 = 8;
const PATIENCE: &str = "800m";

/// The server stack of a service with these limits, and the token of a user.
struct Busy {
    _testbed: Testbed,
    server: Server,
    telemetry: Telemetry,
    token: String,
}

impl Busy {
    async fn start(handler: Handler, load: &OnceLock<Load>, limits: &ServerLimits) -> Busy {
        let telemetry = Telemetry::detached();
        let mut config = HostConfig::new(telemetry.clone(), bus::Bus::in_process());
        config.server = limits.clone();
        let mut testbed = Testbed::with(config);
        let node = testbed.node("svc-orders").await;
        load.set(node.load.clone()).expect("there is one service");
        let service = Service::new(&node).with(dummy::Orders(handler));
        let (health, drain) = (HealthState::default(), CancellationToken::new());
        let server = Server::new(&node, service, limits, &health, drain).unwrap();
        let token = bearer(&testbed.access_token(Uuid::nil(), Uuid::nil(), &["user"]));
        Busy {
            _testbed: testbed,
            server,
            telemetry,
            token,
        }
    }

    fn request(&self, method: &str, message: &[u8], timeout: &str) -> Request<Full<Bytes>> {
        Request::post(format!("{SERVICE}/{method}"))
            .header("authorization", &self.token)
            .header("content-type", "application/grpc")
            .header("grpc-timeout", timeout)
            .body(Full::new(frame(message)))
            .unwrap()
    }

    async fn call(&self, method: &str, message: &[u8], timeout: &str) -> (Code, HeaderMap) {
        let request = self.request(method, message, timeout);
        let response = self.server.clone().oneshot(request).await.unwrap();
        (code(response.headers()), response.headers().clone())
    }
}

fn code(headers: &HeaderMap) -> Code {
    let status = headers.get("grpc-status");
    status.map_or(Code::Ok, |status| Code::from_bytes(status.as_bytes()))
}

/// The share of calls of low, normal and high priority that were answered in time, and how many a second.
#[derive(Debug)]
struct Outcome {
    answered: [f64; 3],
    per_second: f64,
}

/// So many calls a second, half of them lists, a quarter single reads, a quarter orders.
async fn offered(rate: u32, limits: ServerLimits) -> (Outcome, Telemetry) {
    let (pool, load) = (
        Arc::new(Semaphore::new(CONNECTIONS)),
        Arc::new(OnceLock::<Load>::new()),
    );
    let known = load.clone();
    let works = handler(move |_| {
        let (pool, load) = (pool.clone(), known.clone());
        async move {
            let load = load.get().expect("the service is there");
            let waiting = load.wait(Queue::Database);
            let _connection = pool.acquire().await;
            drop(waiting);
            sleep(WORK).await;
            Ok(Vec::new())
        }
    });
    let busy = Busy::start(works, &load, &limits).await;
    let order_id = Uuid::nil().to_string();
    let get = CancelOrderRequest {
        order_id,
        ..Default::default()
    };
    let calls = [
        ("ListOrders", Vec::new()),
        ("GetOrder", get.encode_to_vec()),
        ("ListOrders", Vec::new()),
        ("CreateOrder", order().encode_to_vec()),
    ];
    let (began, mut under_way) = (Instant::now(), JoinSet::new());
    for number in 0..rate * SECONDS {
        sleep_until(began + Duration::from_secs(1) * number / rate).await;
        let kind = number as usize % calls.len();
        let (method, message) = &calls[kind];
        let request = busy.request(method, message, PATIENCE);
        let answer = busy.server.clone().oneshot(request);
        let priority = [0, 1, 0, 2][kind];
        under_way.spawn(async move { (priority, code(answer.await.unwrap().headers())) });
    }
    let (mut good, mut all) = ([0.0; 3], [0.0; 3]);
    while let Some(ended) = under_way.join_next().await {
        let (priority, code) = ended.unwrap();
        all[priority] += 1.0;
        good[priority] += f64::from(u8::from(code == Code::Ok));
    }
    let outcome = Outcome {
        answered: [0, 1, 2].map(|one: usize| good[one] / all[one]),
        per_second: good.iter().sum::<f64>() / f64::from(SECONDS),
    };
    (outcome, busy.telemetry)
}

fn order() -> CreateOrderRequest {
    CreateOrderRequest {
        items: vec![CreateOrderItem {
            sku: "85123A".into(),
            quantity: 1,
        }],
        ship_to: Some(Address {
            name: "Ada".into(),
            lines: vec!["1 Analytical Row".into()],
            city: "London".into(),
            postal_code: "N1".into(),
            country: "GB".into(),
        }),
        payment_token: "tok_ok".into(),
        ..Default::default()
    }
}

#[tokio::test(start_paused = true)]
async fn with_twice_the_work_that_can_be_done_orders_are_placed_and_without_shedding_nothing_is() {
    let (shed, telemetry) = offered(1600, ServerLimits::default()).await;
    let [low, normal, high] = shed.answered;
    assert!(high > 0.9 && high >= normal && normal > low, "{shed:?}");
    assert!(shed.per_second > 0.75 * CAPACITY, "{shed:?}");
    let metrics = telemetry.prometheus();
    let labels = [
        ("cause", "queue"),
        ("priority", "low"),
        ("service_name", "svc-orders"),
    ];
    let refused = ops::value(&metrics, "rpc_server_shed_total", &labels);
    assert!(refused > Some(0.0), "{metrics}");

    let counts = ServerLimits {
        queue_target: Duration::ZERO,
        refuse_late: false,
        ..ServerLimits::default()
    };
    let (counted, _) = offered(1600, counts).await;
    assert!(counted.answered[2] < 0.5, "{counted:?}");
    assert!(counted.per_second < 0.65 * CAPACITY, "{counted:?}");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_refused_as_long_as_the_work_can_be_done() {
    let (outcome, _) = offered(700, ServerLimits::default()).await;
    assert_eq!(outcome.answered, [1.0; 3], "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_done_in_time_is_not_begun() {
    for refuse_late in [true, false] {
        let entered = Arc::new(AtomicUsize::new(0));
        let count = entered.clone();
        let slow = handler(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            async {
                sleep(Duration::from_millis(50)).await;
                Ok(Vec::new())
            }
        });
        let limits = ServerLimits {
            refuse_late,
            ..ServerLimits::default()
        };
        let busy = Busy::start(slow, &OnceLock::new(), &limits).await;
        let mut codes = Vec::new();
        for timeout in ["20m", "60m", "20m", "60m"] {
            codes.push(busy.call("ListOrders", &[], timeout).await.0);
        }
        let late = Code::DeadlineExceeded;
        assert_eq!(codes, [late, Code::Ok, late, Code::Ok]);
        // Before the first was done, nobody knew.
        let expected = if refuse_late { 3 } else { 4 };
        assert_eq!(entered.load(Ordering::SeqCst), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_refused_for_overload_is_asked_not_to_come_again_at_once() {
    let limits = ServerLimits {
        max_concurrent_calls: 0,
        ..ServerLimits::default()
    };
    let busy = Busy::start(dummy::fine(), &OnceLock::new(), &limits).await;
    let get = CancelOrderRequest {
        order_id: Uuid::nil().to_string(),
        ..Default::default()
    };
    let (code, headers) = busy.call("GetOrder", &get.encode_to_vec(), PATIENCE).await;
    assert_eq!(code, Code::Unavailable);
    assert_eq!(headers["grpc-retry-pushback-ms"], "-1");
}

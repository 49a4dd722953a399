//! What stands in docs/RELIABILITY.md, "Overload and retries", in numbers: each scenario with processes that
//! are as they are by default, and with others that are told to do without it.

use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use e2e::{
    Mesh, Reply, Rest, Setup,
    condition::eventually,
    faults::ways::Network,
    grpc::{self, Raw},
    mesh::Kind,
    ports::free_port,
    servers::variable,
    shop,
};
use futures::{StreamExt as _, future::join_all, stream};
use http::Response;
use net::random::Random;
use prost::bytes::Bytes;
use tokio::{net::TcpListener, sync::OnceCell, task::JoinSet, time::sleep};
use tonic::{Code, Request, transport::Channel};
use url::Url;

const PATIENCE: Duration = Duration::from_secs(30);

/// What is turned off at the second edge, and at the second replica of each service.
const TURNED_OFF: [(&str, &str); 7] = [
    ("ENDPOINT_EJECTION", "0"),
    ("ENDPOINT_BREAKER", "0"),
    ("EDGE_RETRY_PERCENT", "1000"),
    ("EDGE_RETRIES_PER_SECOND", "1000"),
    ("EDGE_STALE_IF_ERROR", "0s"),
    ("QUEUE_TARGET", "0s"),
    ("REFUSE_LATE", "false"),
];

/// For how long what svc-shipping and its database say is on its way.
const WAY: Duration = Duration::from_millis(10);

/// A mesh of two halves: the first of each process has all of it, the second does without. Each test has a
/// service to itself.
struct Halves {
    mesh: Mesh,
    admin: Rest,
    network: Network,
    /// Where tests play what the edges take for svc-payments and svc-inventory.
    payments: u16,
    inventory: [u16; 3],
}

async fn halves() -> &'static Halves {
    static HALVES: OnceCell<Halves> = OnceCell::const_new();
    HALVES.get_or_init(Halves::start).await
}

impl Halves {
    async fn start() -> Halves {
        let mut mesh = Mesh::prepare(&Setup::new(Kind::Real)).await;
        let payments = free_port();
        let inventory = [free_port(), free_port(), free_port()];
        for name in mesh.processes() {
            let mut set = |variable, value: &str| mesh.set_of(&name, variable, value.to_owned());
            set("DATABASE_MAX_CONNECTIONS", "2");
            set("QUEUE_TARGET", "50ms");
            if name.starts_with("edge") {
                // What one thread knows and has saved up is then all that there is.
                set("EDGE_THREADS", "1");
                // Who is refused is to be refused by the service.
                set("EDGE_THROTTLE", "false");
                set("SVC_PAYMENTS_URL", &urls(&[payments]));
                set("SVC_INVENTORY_URL", &urls(&inventory));
            }
            if name.ends_with("-1") {
                for (switch, value) in TURNED_OFF {
                    set(switch, value);
                }
            }
        }
        let postgres = Url::parse(&variable("TEST_DATABASE_URL")).expect("it is a URL");
        let postgres = ("postgres", postgres.port().unwrap_or(5432));
        let network = Network::between(&mut mesh, &[postgres], &Random::seeded(1));
        mesh.restart().await;
        let is_way = |from: &str, to: &str| from.starts_with("svc-shipping") && to == "postgres";
        network.change(is_way, |weather| weather.delay = WAY);
        Halves {
            admin: mesh.admin().await,
            mesh,
            network,
            payments,
            inventory,
        }
    }

    /// What a process has counted under these labels.
    async fn counted(&self, process: &str, metric: &str, labels: &[&str]) -> usize {
        let ops = Rest::new(&self.mesh.ops[process]);
        let text = ops.get("/metrics").await.expect(200).text;
        let is_meant = |line: &&str| {
            line.starts_with(metric) && labels.iter().all(|label| line.contains(label))
        };
        let count = |line: &str| line.rsplit_once(' ')?.1.parse::<usize>().ok();
        text.lines().filter(is_meant).filter_map(count).sum()
    }
}

fn urls(ports: &[u16]) -> String {
    let urls = ports.iter().map(|port| format!("http://127.0.0.1:{port}"));
    urls.collect::<Vec<_>>().join(",")
}

/// A service that answers each call with this status, and perhaps when it wants the call again. How many
/// came.
async fn play(port: u16, code: Code, pushback: Option<&'static str>) -> Arc<AtomicUsize> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    let listener = listener.expect("the port is free");
    let came = Arc::new(AtomicUsize::new(0));
    let count = came.clone();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let count = count.clone();
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(socket).await?;
                while let Some(call) = connection.accept().await {
                    let (_, mut reply) = call?;
                    count.fetch_add(1, Ordering::SeqCst);
                    let mut headers = Response::builder()
                        .header("content-type", "application/grpc")
                        .header("grpc-status", code as i32);
                    if let Some(pushback) = pushback {
                        headers = headers.header("grpc-retry-pushback-ms", pushback);
                    }
                    let headers = headers.body(()).expect("these are headers");
                    reply.send_response(headers, true)?;
                }
                Ok::<_, h2::Error>(())
            });
        }
    });
    came
}

/// How the call upstream ended after which a page was answered.
fn upstream(reply: &Reply) -> u16 {
    let how = reply.headers.get("cache-status");
    let status = how.and_then(|how| how.to_str().ok()?.split_once("fwd-status="));
    let status = status.and_then(|(_, status)| status.get(..3)?.parse().ok());
    status.unwrap_or(reply.status.as_u16())
}

fn signal(mesh: &Mesh, process: &str, name: &str) {
    let id = mesh.id(process).to_string();
    let sent = Command::new("kill").args(["-s", name, &id]).status();
    assert!(sent.expect("there is a kill").success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_wait_for_a_service_that_hangs_and_all_of_them_without_a_breaker() {
    const LOOKS: usize = 50;
    let halves = halves().await;
    let Halves { mesh, admin, .. } = halves;
    let page = format!("/v1/products/{}", shop::product(admin, 0).await);
    for edge in &mesh.edges {
        mesh.rest().at(edge).get(&page).await.expect(200);
    }
    signal(mesh, "svc-catalog-0", "STOP");
    let look = async |edge: &String| {
        let rest = mesh.rest().at(edge).with_header("request-timeout", "1.2");
        let mut replies = Vec::new();
        for looks in [5, LOOKS - 5] {
            replies.extend(join_all((0..looks).map(|_| rest.get(&page))).await);
        }
        let waited = replies.iter().filter(|reply| upstream(reply) == 504);
        let answered = replies.iter().filter(|reply| reply.status == 200);
        (waited.count(), answered.count())
    };
    let looks = tokio::join!(look(&mesh.edges[0]), look(&mesh.edges[1]));
    // Whoever does not need it does not notice.
    mesh.rest()
        .at(&mesh.edges[1])
        .with_token(admin.token())
        .get("/v1/users/me")
        .await
        .expect(200);
    signal(mesh, "svc-catalog-0", "CONT");
    let ((waited, answered), without) = looks;
    // A slow machine may have time for one that tries it.
    assert!((5..10).contains(&waited), "{waited}");
    let refused = |edge| halves.counted(edge, "rpc_client_refusals_total", &["svc-catalog"]);
    assert_eq!(refused("edge-0").await, LOOKS - waited);
    assert_eq!(answered, LOOKS, "it has the last good answer");
    assert_eq!(without, (LOOKS, 0), "all wait, and nobody is answered");
    assert_eq!(refused("edge-1").await, 0);
    for edge in &mesh.edges {
        eventually("the catalogue is asked again", PATIENCE, || async {
            let reply = mesh.rest().at(edge).get(&page).await;
            (upstream(&reply) == 200).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_without_time_has_a_few_more_calls_and_twice_as_many_without_a_budget() {
    const REQUESTS: usize = 300;
    let halves = halves().await;
    let came = play(halves.payments, Code::Unavailable, Some("0")).await;
    let mut calls = Vec::new();
    for (edge, url) in halves.mesh.edges.iter().enumerate() {
        let (rest, before) = (halves.admin.at(url), came.load(Ordering::SeqCst));
        let requests = stream::iter(0..REQUESTS).map(|_| rest.get("/v1/payments"));
        let refused = requests.buffer_unordered(50).map(|reply| reply.expect(503));
        assert_eq!(refused.count().await, REQUESTS);
        let retried = async |outcome| {
            let labels = ["svc-payments", outcome];
            halves
                .counted(&format!("edge-{edge}"), "edge_retries_total", &labels)
                .await
        };
        let (made, refused) = (retried("made").await, retried("over_budget").await);
        assert_eq!(made + refused, REQUESTS);
        let came = came.load(Ordering::SeqCst) - before;
        assert_eq!(came, REQUESTS + made);
        calls.push(came);
    }
    // A fifth of them, and what may be saved up: ten a second for ten seconds.
    let most = REQUESTS + REQUESTS / 5 + 100;
    assert!(calls[0] <= most, "{calls:?}");
    assert_eq!(calls[1], 2 * REQUESTS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_three_endpoints_one_that_fails_costs_a_few_calls_and_a_third_without_ejection() {
    const REQUESTS: usize = 150;
    let halves = halves().await;
    let [one, bad, other] = halves.inventory;
    play(one, Code::NotFound, None).await;
    play(bad, Code::Unavailable, None).await;
    play(other, Code::NotFound, None).await;
    let mut failed = [0; 2];
    for (edge, failed) in halves.mesh.edges.iter().zip(&mut failed) {
        let rest = halves.mesh.rest().at(edge);
        for _ in 0..REQUESTS {
            let reply = rest.get("/v1/stock/none").await;
            *failed += usize::from(reply.status == 503);
        }
    }
    // A slow machine may take so long that it is back, and fails again.
    assert!((5..=10).contains(&failed[0]), "{failed:?}");
    assert!(failed[1] > REQUESTS / 6, "{failed:?}");
    let cause = ["svc-inventory", "failed"];
    let ejected = async |edge| {
        halves
            .counted(edge, "rpc_client_ejections_total", &cause)
            .await
    };
    assert!(ejected("edge-0").await >= 1);
    assert_eq!(ejected("edge-1").await, 0);
}

/// Calls a replica of a service, which has so much time. How that ends for the caller.
async fn call(
    halves: &Halves,
    channel: &Channel,
    path: &str,
    message: Bytes,
    time: Duration,
) -> Code {
    let mut client = tonic::client::Grpc::new(channel.clone());
    let mut request = Request::new(message);
    request.set_timeout(time);
    let token = format!("Bearer {}", halves.admin.token());
    let token = token.parse().expect("a token is ASCII");
    request.metadata_mut().insert("authorization", token);
    if client.ready().await.is_err() {
        return Code::Unavailable;
    }
    let path = path.parse().expect("it is a path");
    let reply = client.unary(request, path, Raw).await;
    reply.map_or_else(|status| status.code(), |_| Code::Ok)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_more_work_than_is_done_calls_are_refused_at_once_and_without_shedding_all_wait() {
    const LIST: &str = "/tradewind.orders.v1.OrdersService/ListOrders";
    const AT_ONCE: usize = 20;
    const ENOUGH: usize = 50;
    let halves = halves().await;
    let database_hangs = |hangs: bool| {
        let is_way = |from: &str, to: &str| from.starts_with("svc-orders") && to == "postgres";
        halves
            .network
            .change(is_way, move |weather| weather.is_deaf = hangs);
    };
    let cause = ["cause=\"queue\""];
    let shed = async |replica: usize| {
        let process = format!("svc-orders-{replica}");
        halves
            .counted(&process, "rpc_server_shed_total", &cause)
            .await
    };
    // So many more come every tenth of a second, until enough were refused or there were so many tenths.
    let offer = async |replica: usize, most: usize| {
        let channel = grpc::connect(&halves.mesh.grpc["svc-orders"][replica]).await;
        let (mut calls, mut tenths) = (JoinSet::new(), 0);
        while tenths < most && shed(replica).await < ENOUGH {
            for _ in 0..AT_ONCE {
                let (channel, time) = (channel.clone(), Duration::from_millis(500));
                calls.spawn(async move { call(halves, &channel, LIST, Bytes::new(), time).await });
            }
            tenths += 1;
            sleep(Duration::from_millis(100)).await;
        }
        let codes = calls.join_all().await;
        let refused = codes.iter().filter(|code| **code == Code::Unavailable);
        (tenths, refused.count())
    };
    database_hangs(true);
    let (tenths, _) = offer(0, 200).await;
    let (_, refused) = offer(1, tenths).await;
    database_hangs(false);
    assert!(shed(0).await >= ENOUGH, "after {tenths} tenths of a second");
    assert_eq!(
        (shed(1).await, refused),
        (0, 0),
        "all wait until their time is over"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_done_in_time_is_refused_and_otherwise_done_in_vain() {
    const CALLS: usize = 20;
    const LIST: &str = "/tradewind.shipping.v1.ShippingService/ListShipments";
    let halves = halves().await;
    let mut refused = Vec::new();
    for (replica, address) in halves.mesh.grpc["svc-shipping"].iter().enumerate() {
        let channel = grpc::connect(address).await;
        let list = |time| call(halves, &channel, LIST, Bytes::new(), time);
        assert_eq!(list(PATIENCE).await, Code::Ok);
        for _ in 0..CALLS {
            assert_ne!(list(WAY).await, Code::Ok, "that takes as long one way");
        }
        let cause = ["cause=\"deadline\""];
        let process = format!("svc-shipping-{replica}");
        refused.push(
            halves
                .counted(&process, "rpc_server_shed_total", &cause)
                .await,
        );
    }
    // A call that is given up at the moment when it comes is not counted.
    assert!(refused[0] > CALLS / 2 && refused[1] == 0, "{refused:?}");
}

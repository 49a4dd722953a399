//! Processor time of the edge for a request, beside a handler written by hand.

use std::time::Duration;

use e2e::{
    Mesh, Rest,
    process::Process,
    shop::{self, Customer},
};
use serde_json::{Value, json};

use crate::{Section, load};

const CLIENTS: usize = 16;
const TIME: Duration = Duration::from_secs(8);
/// Bytes of the posted order.
const POSTED: usize = 738;

pub(crate) async fn measure(mesh: &Mesh) -> Section {
    let (admin, buyer) = (mesh.admin().await, Customer::register(mesh).await);
    let sku = shop::product(&admin, 1_000_000).await;
    let order = sized(&sku);

    let folder = mesh.folder().to_owned();
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let address = port.expect("a free port").to_string();
    let catalog = &mesh.grpc["svc-catalog"][0];
    let orders = &mesh.grpc["svc-orders"][0];
    let program = std::env::current_exe().expect("a running program has a path");
    let arguments = [
        "bare",
        &address,
        &format!("http://{catalog},http://{orders}"),
    ];
    let none = std::iter::empty::<(&str, String)>();
    let bare = Process::start("bare", &program, arguments, none, &folder.join("bare.log"));
    let bare_rest = buyer.rest.at(&format!("http://{address}"));
    e2e::condition::eventually("the handler listens", Duration::from_secs(10), || async {
        tokio::net::TcpStream::connect(&address).await.ok()
    })
    .await;

    let edge = processor_of(mesh);
    let get = format!("/v1/products/{sku}");
    let rest = buyer.rest.clone();
    let mut rows = Vec::new();
    for (what, rest, process) in [
        ("edge", &rest, edge),
        ("bare axum and tonic", &bare_rest, bare.id()),
    ] {
        let get = per_request(process, |_| read(rest, &get)).await;
        let post = per_request(process, |_| write(rest, &order)).await;
        rows.push((
            format!("{what}: CPU per GET of a product"),
            format!("{get:.0} us"),
        ));
        rows.push((
            format!("{what}: CPU per POST of an order of {POSTED} bytes"),
            format!("{post:.0} us"),
        ));
    }
    Section {
        title: "The edge",
        about: "Processor time of the process, user and system, per request, with the whole pipeline: limits off,\n\
                authentication, policy, transcoding, the upstream call. The bare handler has routes and JSON types\n\
                written by hand and neither limits nor policy."
            .into(),
        rows,
    }
}

async fn read(rest: &Rest, path: &str) -> bool {
    rest.get(path).await.status == 200
}

async fn write(rest: &Rest, order: &Value) -> bool {
    rest.post("/v1/orders", order).await.status == 201
}

/// Microseconds of a process per request of ours.
async fn per_request<F: Future<Output = bool>>(process: u32, request: impl Fn(usize) -> F) -> f64 {
    load::closed(CLIENTS, Duration::from_secs(1), &request).await;
    let before = load::processor_time(process);
    let run = load::closed(CLIENTS, TIME, &request).await;
    let used = load::processor_time(process).saturating_sub(before);
    assert_eq!(run.failed, 0, "all requests succeed");
    used.as_secs_f64() * 1e6 / run.count() as f64
}

fn processor_of(mesh: &Mesh) -> u32 {
    mesh.id("edge-0")
}

/// An order that is so many bytes long as JSON.
fn sized(sku: &str) -> Value {
    let mut order = shop::order(&[(sku, 1)]);
    order["shipTo"]["lines"] = json!(["", "", "", "", ""]);
    let mut missing = POSTED.saturating_sub(order.to_string().len());
    for line in 0..5 {
        let length = missing.min(100);
        order["shipTo"]["lines"][line] = "x".repeat(length.max(1)).into();
        missing -= length;
    }
    order
}

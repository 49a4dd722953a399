//! Somebody with curl: the examples of the documentation, and streams in each of their formats.

use std::process::Output;

use e2e::{
    Mesh,
    grpc::tool,
    process::binary,
    shop::{self, Customer},
};
use serde_json::{Value, json};
use tokio::process::Command;

crate::on_both!(
    the_examples_of_the_documentation_work,
    a_stream_comes_in_the_format_that_is_asked_for,
);

/// What documentation does not say: nothing may fail or hang, a stream that goes on is left, and a
/// shipment follows its order by an event, which a reader is slower than.
const BEGINNING: &str = r#"set -euo pipefail
curl() {
    case "$*" in
        *"/v1/shipments?"*) eventually shipmentId "$@" ;;
        -N*) command curl --silent --max-time 3 "$@" || [ $? = 28 ] ;;
        *) strictly "$@" ;;
    esac
}
strictly() { command curl --silent --show-error --fail-with-body --max-time 30 "$@"; }
eventually() {
    local sign=$1 answer; shift
    for _ in $(seq 300); do
        answer=$(strictly "$@")
        case $answer in *"$sign"*) break ;; esac
        sleep 0.1
    done
    echo "$answer"
}
"#;

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The examples that call the edge, as one script.
fn examples() -> String {
    let pages = [
        include_str!("../../../README.md"),
        include_str!("../../../docs/SDKS.md"),
        include_str!("../../../docs/PAYMENTS.md"),
    ];
    let blocks = pages.iter().flat_map(|page| page.split("```sh\n").skip(1));
    let blocks = blocks.filter_map(|block| Some(block.split_once("```")?.0));
    let of_edge = |block: &&str| block.contains("curl") && block.contains(":8080");
    blocks.filter(of_edge).collect()
}

/// The product that the examples order is there.
async fn stock(mesh: &Mesh, sku: &str) {
    let admin = mesh.admin().await;
    let price = json!({"currencyCode": "GBP", "units": "7"});
    let product = json!({"sku": sku, "title": "Darjeeling", "price": price});
    admin.post("/v1/products", &product).await.expect(201);
    let adjustment = json!({"delta": 5, "reason": "delivery"});
    let path = format!("/v1/stock/{sku}:adjust");
    admin.post(&path, &adjustment).await.expect(200);
}

async fn the_examples_of_the_documentation_work(mesh: &Mesh) {
    stock(mesh, "TEA-DARJ-100").await;
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let script = examples()
        .replace(
            "localhost:8080",
            mesh.edges[0].trim_start_matches("http://"),
        )
        .replace(
            "cargo run -q -p tradewind --",
            &binary("tradewind").display().to_string(),
        )
        .replace("grpcurl", &tool("grpcurl").display().to_string());
    assert!(script.matches("curl ").count() > 10, "{script}");
    let output = Command::new("bash")
        .args(["-c", &format!("{BEGINNING}{script}")])
        .current_dir(folder.path())
        .output()
        .await
        .expect("bash is everywhere");
    let (said, errors) = (text(&output), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{errors}");
    for sign in [
        "\"shipmentId\"",
        "id: 2\ndata: ",
        "ORDER_STATE_CONFIRMED",
        "\"nextPageToken\"",
    ] {
        assert!(said.contains(sign), "no {sign}: {said}");
    }
}

async fn a_stream_comes_in_the_format_that_is_asked_for(mesh: &Mesh) {
    let (admin, buyer) = (mesh.admin().await, Customer::register(mesh).await);
    let sku = shop::product(&admin, 1).await;
    let order = buyer.order(&sku, 1).await.expect(201).text_at("/orderId");
    let path = format!("/v1/orders/{order}");
    // A stream of what is over ends by itself.
    let cancelled = buyer.rest.post(&format!("{path}:cancel"), &json!({})).await;
    cancelled.expect(200);
    let curl = async |accept: &str| {
        let token = format!("authorization: Bearer {}", buyer.rest.token());
        let mut curl = Command::new("curl");
        curl.args(["-sSN", "--fail-with-body", "--max-time", "30", "-H", &token]);
        curl.args(["-H", &format!("accept: {accept}"), "-w", "%{content_type}"]);
        curl.arg(format!("{}{path}:watch", mesh.edges[0]));
        let output = curl.output().await;
        let output = output.expect("curl is not installed: scripts/tools curl");
        assert!(output.status.success(), "{accept}: {}", text(&output));
        let said = text(&output);
        let body = said.strip_suffix(accept);
        body.unwrap_or_else(|| panic!("no {accept}: {said}"))
            .to_owned()
    };
    let states = ["PENDING", "CONFIRMED", "CANCELLING", "CANCELLED"];
    let states = states.map(|state| format!("ORDER_STATE_{state}"));
    let states_of = |messages: &mut dyn Iterator<Item = &str>| -> Vec<String> {
        let json = messages.map(serde_json::from_str::<Value>);
        json.map(|message| {
            message.expect("it is JSON")["newState"]
                .as_str()
                .expect("it is text")
                .to_owned()
        })
        .collect()
    };

    let events = curl("text/event-stream").await;
    let (events, end) = events.split_once("event: end\n").expect("it has an end");
    assert_eq!(end, "data: {}\n\n");
    let mut data = events
        .lines()
        .filter_map(|line| line.strip_prefix("data: "));
    assert_eq!(states_of(&mut data), states);

    let array = curl("application/json").await;
    let array: Vec<Value> = serde_json::from_str(&array).expect("it is an array");
    let array: Vec<_> = array.iter().map(Value::to_string).collect();
    assert_eq!(states_of(&mut array.iter().map(String::as_str)), states);

    let lines = curl("application/x-ndjson").await;
    assert_eq!(
        states_of(&mut lines.lines().filter(|line| !line.is_empty())),
        states
    );
}

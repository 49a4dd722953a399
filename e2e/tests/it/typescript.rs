//! The TypeScript clients doing a whole purchase: from Node, and from a page of another origin in a
//! real browser.

use e2e::{
    Mesh, Rest, Setup,
    browser::Browser,
    mesh::{ADMIN_EMAIL, ADMIN_PASSWORD, Kind},
    sdk::{self, Page},
    shop,
    unique::unique,
};
use serde_json::{Value, json};

crate::on_both!(
    node_buys_over_every_protocol,
    the_example_of_the_documentation_works,
);

/// What a purchase says it has done is what the shop knows.
async fn is_done(admin: &Rest, purchase: &Value) {
    let text = |name: &str| purchase[name].as_str().expect("it is text");
    for (order, state) in [("confirmed", "CONFIRMED"), ("cancelled", "CANCELLED")] {
        let order = admin.get(&format!("/v1/orders/{}", text(order))).await;
        let order = order.expect(200).json;
        assert_eq!(order["state"], format!("ORDER_STATE_{state}"));
        assert_eq!(order["items"][0]["sku"], text("sku"));
    }
}

async fn node_buys_over_every_protocol(mesh: &Mesh) {
    let admin = mesh.admin().await;
    for protocol in ["connect-json", "connect-binary", "grpc-web", "grpc"] {
        let edge = mesh.edges.last().expect("there is one");
        let arguments = [protocol, edge, ADMIN_EMAIL, ADMIN_PASSWORD];
        let bought = sdk::node("test/node.js", &arguments).await;
        is_done(&admin, &bought).await;
    }
}

async fn the_example_of_the_documentation_works(mesh: &Mesh) {
    let admin = mesh.admin().await;
    let sku = shop::product(&admin, 3).await;
    let order = async || {
        let email = format!("{}@example.com", unique("buyer"));
        let arguments = [&*mesh.edges[0], &email, &sku];
        sdk::node("test/example.js", &arguments).await["order"].clone()
    };
    let bought = order().await;
    let bought = bought.as_str().expect("three are enough for two");
    let bought = admin.get(&format!("/v1/orders/{bought}")).await.expect(200);
    assert_eq!(bought.json["items"][0]["quantity"], 2);
    assert_eq!(order().await, Value::Null, "one is too few");
}

#[tokio::test]
async fn values_that_a_client_does_not_know_are_no_error() {
    assert_eq!(sdk::node("test/unknown.js", &[]).await, Value::Bool(true));
}

#[test]
fn the_documentation_shows_the_example() {
    let example = include_str!("../../../sdk/typescript/example/order.ts");
    for page in [
        include_str!("../../../sdk/typescript/README.md"),
        include_str!("../../../docs/SDKS.md"),
    ] {
        assert!(page.contains(&format!("```ts\n{example}```\n")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_another_origin_buys_over_every_protocol() {
    let page = Page::serve().await;
    let setup = Setup::new(Kind::Embedded).with("CORS_ORIGINS", &page.origin);
    let mesh = Mesh::start(setup).await;
    let admin = mesh.admin().await;
    let sku = shop::product(&admin, 5).await;
    let shop = json!({
        "edge": mesh.edges[0], "email": ADMIN_EMAIL, "password": ADMIN_PASSWORD, "sku": sku,
    });
    let mut browser = Browser::start().await;
    for protocol in [
        "connect-json",
        "connect-binary",
        "grpc-web",
        "grpc-web-text",
    ] {
        let bought = page.run(&mut browser, protocol, &shop).await;
        is_done(&admin, &bought).await;
    }
    let registered = page.run(&mut browser, "grpc-web-binary", &shop).await;
    let id = registered["userId"].as_str().expect("it is text");
    admin.get(&format!("/v1/users/{id}")).await.expect(200);

    // These can send no token: they have a ticket.
    let states = ["PENDING", "CONFIRMED", "CANCELLING", "CANCELLED"];
    let states = states.map(|state| format!("ORDER_STATE_{state}"));
    for stream in ["events", "sockets"] {
        let watched = page.run(&mut browser, stream, &shop).await;
        assert_eq!(watched["states"], json!(states), "{stream}");
    }

    assert_eq!(browser.complaints, Vec::<String>::new());
    browser.close().await;

    // Pages of other origins are not served.
    let stranger = Page::serve().await;
    let mut browser = Browser::start().await;
    browser.open(&stranger.origin).await;
    let edge = mesh.edges[0].trim_start_matches("http://");
    let ask = format!(
        "(window.asked ??= (fetch('http://{edge}/v1/products').then(() => window.fetched = 'a reply', \
         () => window.fetched = 'nothing'), \
         new WebSocket('ws://{edge}/v1/orders/x:watch').onclose = (end) => window.ended = end.code), \
         window.fetched && window.ended && {{fetched, ended}})"
    );
    let got = browser.eventually(&ask).await;
    assert_eq!(got, json!({"fetched": "nothing", "ended": 1006}));
    browser.close().await;
}

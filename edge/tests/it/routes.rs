//! Routes beside those of the contract, and JSON as it is chosen.

use std::collections::BTreeSet;
use std::path::PathBuf;

use edge::{Config, Settings};
use net::StartError;
use runtime::testbed::Testbed;
use serde::Deserialize;
use serde_json::{Value, json};
use transcoder::HttpRule;

use crate::fixture::{Fixture, order, settings, shop};
use crate::upstream::Answer;

const LEGACY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/routes/legacy.yaml");

fn with_routes(file: impl Into<PathBuf>) -> Settings {
    let mut settings = settings();
    settings.mapping.routes = vec![file.into()];
    settings
}

fn file(yaml: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), yaml).unwrap();
    file
}

#[derive(Deserialize)]
struct ServiceConfig {
    http: Http,
}

#[derive(Deserialize)]
struct Http {
    rules: Vec<HttpRule>,
}

/// The HTTP method and the template of a rule.
fn pattern(rule: &HttpRule) -> (&str, &str) {
    let patterns = [
        ("GET", &rule.get),
        ("PUT", &rule.put),
        ("POST", &rule.post),
        ("DELETE", &rule.delete),
        ("PATCH", &rule.patch),
    ];
    let mut patterns = patterns.into_iter();
    let (method, path) = patterns.find(|(_, path)| path.is_some()).unwrap();
    (method, path.as_deref().unwrap())
}

#[tokio::test]
async fn every_path_of_older_systems_leads_to_its_method() {
    let fixture = Fixture::with(with_routes(LEGACY), shop).await;
    let yaml = std::fs::read_to_string(LEGACY).unwrap();
    let config: ServiceConfig = serde_saphyr::from_str(&yaml).unwrap();
    let mut known = BTreeSet::new();
    for rule in &config.http.rules {
        for binding in std::iter::once(rule).chain(&rule.additional_bindings) {
            let (method, template) = pattern(binding);
            let path = template.split('/').map(|segment| match segment {
                variable if variable.starts_with('{') => "A%201",
                literal => literal,
            });
            let path = path.collect::<Vec<_>>().join("/");
            let mut request = fixture
                .request(method, &path)
                .bearer_auth(fixture.token(&["user", "admin"]));
            if !binding.body.is_empty() {
                request = request.json(&json!({}));
            }
            let status = request.send().await.unwrap().status();
            assert!(status.is_success(), "{method} {path}: {status}");
            let (service, name) = rule.selector.rsplit_once('.').unwrap();
            let called = fixture.upstream.last_call().path;
            assert_eq!(called, format!("/{service}/{name}"), "{method} {path}");
            known.insert(format!("{method} {template}"));
        }
    }
    for wanted in [
        "POST /auth/login",
        "POST /auth/register",
        "POST /auth/refresh",
        "POST /users/register",
        "GET /users/search",
        "GET /users/me",
        "POST /orders",
        "GET /orders",
        "GET /orders/{order_id}",
        "GET /api/products",
        "GET /api/products/{sku}",
    ] {
        assert!(known.contains(wanted), "{wanted}");
    }
}

#[tokio::test]
async fn an_alias_takes_and_answers_what_its_method_does() {
    let fixture = Fixture::with(with_routes(LEGACY), shop).await;
    let response = fixture.as_user("GET", "/orders/o-1").send().await.unwrap();
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["orderId"], "o-1");
    let response = fixture
        .as_user("POST", "/orders")
        .json(&crate::fixture::an_order());
    assert_eq!(response.send().await.unwrap().status(), 201);
    // Whoever may not call the method may not call it by another name either.
    assert_eq!(fixture.get("/orders/o-1").await.status(), 401);
    // Both names of the route are known.
    let response = fixture.as_user("GET", "/v1/orders/o-1").send().await;
    assert_eq!(response.unwrap().status(), 200);
}

#[tokio::test]
async fn aliases_are_not_in_the_document() {
    let documents = [
        Fixture::with(with_routes(LEGACY), shop).await,
        Fixture::start(shop).await,
    ];
    let mut texts = Vec::new();
    for fixture in &documents {
        texts.push(fixture.get("/openapi.json").await.text().await.unwrap());
    }
    assert!(texts[0] == texts[1]);
}

#[tokio::test]
async fn a_rule_can_take_the_place_of_the_contracts() {
    let routes = file(
        "http:\n  rules:\n  - selector: tradewind.orders.v1.OrdersService.GetOrder\n    get: /first/{order_id}\n  - selector: tradewind.orders.v1.OrdersService.GetOrder\n    get: /mine/{order_id}\n",
    );
    let mut settings = with_routes(routes.path());
    settings.mapping.routes_override = true;
    let fixture = Fixture::with(settings, shop).await;
    for (path, status) in [
        ("/mine/o-1", 200),
        ("/first/o-1", 404),
        ("/v1/orders/o-1", 404),
    ] {
        let response = fixture.as_user("GET", path).send().await.unwrap();
        assert_eq!(response.status(), status, "{path}");
    }
    let document: Value = fixture.get("/openapi.json").await.json().await.unwrap();
    assert!(document["paths"]["/mine/{orderId}"]["get"].is_object());
}

async fn refused(settings: Settings) -> String {
    let node = Testbed::new().node("edge").await;
    let config = Config {
        settings,
        ..Config::default()
    };
    match edge::build(config, edge::TrustedIssuers::default(), &node).await {
        Err(StartError::Config(mistakes) | StartError::Contract(mistakes)) => mistakes.join("\n"),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it starts"),
    }
}

#[tokio::test]
async fn rules_that_cannot_be_served_are_told_with_their_place() {
    let orders = "tradewind.orders.v1.OrdersService";
    let routes = file(&format!(
        "http:\n  rules:\n  - selector: {orders}.Nope\n    get: /nope\n  - get: /anonymous\n"
    ));
    let fault = refused(with_routes(routes.path())).await;
    let path = routes.path().display();
    assert!(
        fault.contains(&format!("{path}:3: no method is called \"{orders}.Nope\"")),
        "{fault}"
    );
    assert!(
        fault.contains(&format!("{path}:5: the rule has no selector")),
        "{fault}"
    );

    let routes = file(&format!(
        "http:\n  rules:\n  - selector: {orders}.GetOrder\n    get: /a/{{nope}}\n  - selector: {orders}.GetOrder\n    get: /b\n    put: /b\n  - selector: tradewind.users.v1.UsersService.GetAccount\n    get: /accounts/{{user_id}}\n"
    ));
    let fault = refused(with_routes(routes.path())).await;
    let path = routes.path().display();
    for wanted in [
        format!("{path}:3: {orders}.GetOrder: /a/{{nope}}: "),
        format!("{path}:5: {orders}.GetOrder: the rule has more than one path"),
        format!("{path}:8: tradewind.users.v1.UsersService.GetAccount: clients cannot call"),
    ] {
        assert!(fault.contains(&wanted), "{wanted}: {fault}");
    }

    let fault = refused(with_routes("/nowhere.yaml")).await;
    assert!(fault.starts_with("--routes /nowhere.yaml: "), "{fault}");
}

async fn orders_json(choices: &[&str]) -> Value {
    let mut settings = settings();
    settings.mapping.json = choices.iter().map(|one| one.parse().unwrap()).collect();
    let fixture = Fixture::with(settings, |_| {
        let order = contracts::tradewind::orders::v1::Order {
            state: 2,
            ..order()
        };
        Answer::message(&contracts::tradewind::orders::v1::GetOrderResponse { order: Some(order) })
    })
    .await;
    let response = fixture.as_user("GET", "/v1/orders/o-1").send().await;
    let rest: Value = response.unwrap().json().await.unwrap();
    // Connect gives the whole message, in the same JSON.
    let request = fixture
        .as_user("POST", "/tradewind.orders.v1.OrdersService/GetOrder")
        .header("connect-protocol-version", "1")
        .json(&json!({"orderId": "o-1"}));
    let connect: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(connect["order"], rest);
    rest
}

#[tokio::test]
async fn json_is_as_chosen_for_the_method() {
    let usual = orders_json(&[]).await;
    assert_eq!(usual["orderId"], "o-1");
    assert_eq!(usual["items"], json!([]));
    assert!(usual["state"].is_string());

    let chosen = orders_json(&[
        "*:enums-as-ints,use-proto-names",
        "tradewind.orders:enums_as_ints=false",
        "tradewind.orders.v1.OrdersService.GetOrder:always-print-fields-without-presence=false,enums-as-ints",
        "tradewind.users.v1:use-proto-names=false",
    ])
    .await;
    assert_eq!(chosen["order_id"], "o-1");
    assert_eq!(chosen.get("items"), None);
    assert_eq!(chosen["state"], 2);
}

#[tokio::test]
async fn unknown_fields_are_skipped_where_that_is_chosen() {
    let mut settings = settings();
    settings.mapping.json = vec![
        "tradewind.orders.v1.OrdersService.CreateOrder:ignore-unknown-fields"
            .parse()
            .unwrap(),
    ];
    let fixture = Fixture::with(settings, shop).await;
    let mut body = crate::fixture::an_order();
    body["unheardOf"] = json!(1);
    let request = fixture.as_user("POST", "/v1/orders").json(&body);
    assert_eq!(request.send().await.unwrap().status(), 201);
    let request = fixture
        .as_user("POST", "/v1/orders/o-1:cancel")
        .json(&json!({"unheardOf": 1}));
    assert_eq!(request.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn json_options_of_what_is_not_there_are_refused() {
    let mut settings = settings();
    settings.mapping.json = vec!["tradewind.order:enums-as-ints".parse().unwrap()];
    let fault = refused(settings).await;
    assert!(fault.contains("\"tradewind.order\""), "{fault}");
    for wrong in ["x", ":enums-as-ints", "x:enums", "x:enums-as-ints=1"] {
        let parsed = wrong.parse::<transcoder::JsonChoices>();
        assert!(parsed.is_err(), "{wrong}");
    }
}

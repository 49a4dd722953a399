//! Versions of resources, conditions on them, and how long replies may be kept.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use contracts::tradewind::auth::v1::{GetJwksResponse, Jwk};
use contracts::tradewind::catalog::v1::{CreateProductResponse, UpdateProductResponse};
use contracts::tradewind::catalog::v1::{GetProductResponse, ListProductsResponse, Product};
use contracts::tradewind::inventory::v1::{GetStockResponse, StockItem};
use contracts::tradewind::orders::v1::{GetOrderResponse, Order};
use edge::Config;
use reqwest::Response;
use runtime::contract::Contract;
use runtime::status::{Problem, Reason};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tonic::Code;

use crate::fixture::{Fixture, order, refusal, refused, settings};
use crate::upstream::{Answer, Seen, Upstream};

const PRODUCT: &str = "/v1/products/A%201";
const ORDER: &str = "/v1/orders/o-1";

fn product() -> Option<Product> {
    Some(Product {
        sku: "A 1".into(),
        description: "A lamp. ".repeat(200),
        etag: "3".into(),
        ..Product::default()
    })
}

fn shop(seen: &Seen) -> Answer {
    match seen.path.rsplit('/').next().unwrap() {
        "GetProduct" => Answer::message(&GetProductResponse { product: product() }),
        "CreateProduct" => Answer::message(&CreateProductResponse { product: product() }),
        "UpdateProduct" => match seen.metadata("if-match") {
            Some(r#""999""#) => {
                let message = "the product A 1 is not as the condition says";
                let code = Code::FailedPrecondition;
                Answer::Error(Problem::new(Reason::EtagMismatch, code, message).into())
            }
            _ => Answer::message(&UpdateProductResponse { product: product() }),
        },
        "ListProducts" => Answer::message(&ListProductsResponse {
            products: product().into_iter().collect(),
            ..ListProductsResponse::default()
        }),
        "GetStock" => Answer::message(&GetStockResponse {
            stock_item: Some(StockItem {
                available: 7,
                ..StockItem::default()
            }),
        }),
        "GetJwks" => Answer::message(&GetJwksResponse {
            keys: vec![Jwk::default()],
        }),
        "GetOrder" => Answer::message(&GetOrderResponse {
            order: Some(Order {
                etag: "5".into(),
                ..order()
            }),
        }),
        _ => Answer::Message(Vec::new()),
    }
}

fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    let value = response.headers().get(name)?;
    Some(value.to_str().unwrap())
}

fn vary(response: &Response) -> Vec<&str> {
    let values = response.headers().get_all("vary").iter();
    values.map(|value| value.to_str().unwrap()).collect()
}

#[tokio::test]
async fn a_read_tells_the_version_and_is_spared_to_who_has_it() {
    let fixture = Fixture::start(shop).await;
    let get = async |name: &str, value: &str| {
        let request = fixture.as_user("GET", ORDER).header(name, value);
        request.send().await.unwrap()
    };
    let response = get("accept", "*/*").await;
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "etag"), Some(r#""5""#));
    assert_eq!(header(&response, "cache-control"), Some("no-store"));

    for known in [r#""5""#, r#"W/"5""#, r#""4", "5""#, "*"] {
        let response = get("if-none-match", known).await;
        assert_eq!(response.status(), 304, "{known}");
        assert_eq!(header(&response, "etag"), Some(r#""5""#));
        assert_eq!(header(&response, "content-type"), None);
        assert_eq!(response.text().await.unwrap(), "");
    }
    let response = get("if-none-match", r#""4""#).await;
    assert_eq!(response.status(), 200);

    for held in [r#""5""#, r#""4", "5""#, "*"] {
        assert_eq!(get("if-match", held).await.status(), 200, "{held}");
    }
    for stale in [r#""4""#, r#"W/"5""#] {
        let refusal = refusal(get("if-match", stale).await).await;
        let expected = refused(412, "FAILED_PRECONDITION", "ETAG_MISMATCH");
        assert_eq!(refusal, expected, "{stale}");
    }
    let refusal = refusal(get("if-match", "5").await).await;
    assert_eq!(
        refusal,
        refused(400, "INVALID_ARGUMENT", "MALFORMED_REQUEST")
    );
    // Both: the first that does not hold decides.
    let request = fixture.as_user("GET", ORDER).header("if-match", r#""4""#);
    let request = request.header("if-none-match", r#""5""#);
    assert_eq!(request.send().await.unwrap().status(), 412);

    let head = fixture.as_user("HEAD", ORDER);
    let head = head.header("if-none-match", r#""5""#).send().await.unwrap();
    assert_eq!(head.status(), 304);
    assert_eq!(header(&head, "content-length"), None);
    let call = fixture.upstream.last_call();
    assert_eq!(call.metadata("if-none-match"), None, "the edge holds it");
}

#[tokio::test]
async fn a_condition_on_a_change_is_held_by_its_service() {
    let fixture = Fixture::start(shop).await;
    let patch = async |conditions: &[(&str, &str)]| {
        let request = fixture.request("PATCH", PRODUCT);
        let request = request.bearer_auth(fixture.token(&["user", "admin"]));
        let request = conditions.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        let body = json!({"title": "Lamp"});
        request.json(&body).send().await.unwrap()
    };
    let response = patch(&[("if-match", r#""3""#)]).await;
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "etag"), Some(r#""3""#));
    let seen = fixture.upstream.last_call();
    assert_eq!(seen.metadata("if-match"), Some(r#""3""#));

    let response = patch(&[("if-match", r#""999""#)]).await;
    let expected = refused(412, "FAILED_PRECONDITION", "ETAG_MISMATCH");
    assert_eq!(refusal(response).await, expected);

    patch(&[
        ("if-match", r#""1""#),
        ("if-match", r#""2""#),
        ("if-none-match", "*"),
    ])
    .await;
    let seen = fixture.upstream.last_call();
    let lines: Vec<_> = seen.metadata.get_all("if-match").iter().collect();
    assert_eq!(lines, [r#""1""#, r#""2""#]);
    assert_eq!(seen.metadata("if-none-match"), Some("*"));
    // A created resource has a version too.
    let request = fixture.request("POST", "/v1/products");
    let request = request.bearer_auth(fixture.token(&["user", "admin"]));
    let created = request.json(&json!({"sku": "A 1"})).send().await.unwrap();
    assert_eq!(created.status(), 201);
    assert_eq!(header(&created, "etag"), Some(r#""3""#));
}

/// A server that breaks off each call before it answers, and counts them.
async fn that_loses_calls() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let calls = Arc::<AtomicUsize>::default();
    let counted = calls.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let counted = counted.clone();
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((_, mut answer))) = connection.accept().await {
                    counted.fetch_add(1, Ordering::Relaxed);
                    answer.send_reset(h2::Reason::INTERNAL_ERROR);
                }
            });
        }
    });
    (address, calls)
}

#[tokio::test]
async fn a_change_on_a_condition_is_not_made_a_second_time() {
    let (catalog, calls) = that_loses_calls().await;
    let upstream = Upstream::start(shop).await;
    let config = Config {
        settings: settings(),
        ..Config::default()
    };
    let fixture = Fixture::elsewhere(upstream, config, |mesh| {
        mesh.set("svc-catalog", catalog.into())
    })
    .await;
    let archive = async |condition: Option<&str>| {
        let request = fixture.request("POST", &format!("{PRODUCT}:archive"));
        let request = request.bearer_auth(fixture.token(&["user", "admin"]));
        let request = match condition {
            Some(condition) => request.header("if-match", condition),
            None => request,
        };
        let before = calls.load(Ordering::Relaxed);
        assert_eq!(request.send().await.unwrap().status(), 503);
        calls.load(Ordering::Relaxed) - before
    };
    assert_eq!(archive(None).await, 2);
    assert_eq!(archive(Some(r#""3""#)).await, 1);
}

#[tokio::test]
async fn public_reads_may_be_kept_for_as_long_as_the_contract_says() {
    let mut settings = settings();
    settings.web.cors_origins = vec!["https://shop.example.com".parse().unwrap()];
    let fixture = Fixture::with(settings, shop).await;
    for (path, max_age) in [
        (PRODUCT, 30),
        ("/v1/products", 30),
        ("/v1/products:search?query=lamp", 30),
        ("/v1/stock/A%201", 5),
        ("/v1/stock", 5),
        ("/.well-known/jwks.json", 300),
    ] {
        for coding in ["identity", "gzip"] {
            let ask = || {
                fixture
                    .request("GET", path)
                    .header("accept-encoding", coding)
            };
            let response = ask().send().await.unwrap();
            assert_eq!(response.status(), 200, "{path}");
            let expected = format!("public, max-age={max_age}");
            assert_eq!(
                header(&response, "cache-control"),
                Some(&*expected),
                "{path}"
            );
            assert_eq!(vary(&response), ["accept-encoding", "origin"], "{path}");

            let etag = header(&response, "etag").unwrap().to_owned();
            let again = ask().header("if-none-match", &etag).send().await.unwrap();
            assert_eq!(again.status(), 304, "{path} {etag}");
            assert_eq!(header(&again, "etag"), Some(&*etag));
            assert_eq!(header(&again, "cache-control"), Some(&*expected));
            assert_eq!(vary(&again), ["accept-encoding", "origin"]);
            assert_eq!(again.text().await.unwrap(), "");
            let other = ask().header("if-none-match", "\"other\"").send().await;
            assert_eq!(other.unwrap().status(), 200, "{path}");
        }
    }
}

#[tokio::test]
async fn what_connect_reads_by_get_may_be_kept_too() {
    let fixture = Fixture::start(shop).await;
    let read = "/tradewind.catalog.v1.CatalogService/GetProduct?connect=v1&encoding=json&message=";
    let path = format!("{read}%7B%22sku%22:%22A%201%22%7D");
    let response = fixture.get(&path).await;
    assert_eq!(response.status(), 200);
    assert_eq!(
        header(&response, "cache-control"),
        Some("public, max-age=30")
    );
    let etag = header(&response, "etag").unwrap().to_owned();
    let again = fixture.request("GET", &path).header("if-none-match", etag);
    assert_eq!(again.send().await.unwrap().status(), 304);

    let path = "/tradewind.catalog.v1.CatalogService/GetProduct";
    let post = fixture.request("POST", path).json(&json!({"sku": "A 1"}));
    let response = post.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "cache-control"), Some("no-store"));
}

#[tokio::test]
async fn everything_else_is_kept_by_nobody() {
    let fixture = Fixture::start(shop).await;
    let replies = [
        fixture.as_user("GET", ORDER).send().await.unwrap(),
        // A known caller may be told more.
        fixture.as_user("GET", "/v1/products").send().await.unwrap(),
        fixture.get(ORDER).await,
        fixture.get("/v1/products?pageSize=x").await,
        fixture.get("/nothing").await,
    ];
    for response in replies {
        let (url, status) = (response.url().clone(), response.status());
        assert_eq!(
            header(&response, "cache-control"),
            Some("no-store"),
            "{url} {status}"
        );
    }
}

#[tokio::test]
async fn the_document_tells_of_versions_and_conditions() {
    let fixture = Fixture::start(shop).await;
    let document: Value = fixture.get("/openapi.json").await.json().await.unwrap();
    let told = |path: &str, method: &str| {
        let operation = &document["paths"][path][method];
        let parameters = operation["parameters"].as_array().unwrap().iter();
        let names = parameters.filter_map(|one| one["$ref"].as_str()?.rsplit('/').next());
        let names: Vec<_> = names.filter(|name| name.starts_with("If")).collect();
        let responses = operation["responses"].as_object().unwrap();
        let success = &responses[if responses.contains_key("200") {
            "200"
        } else {
            "201"
        }];
        let headers = success["headers"].as_object();
        let headers: Vec<_> = headers
            .into_iter()
            .flatten()
            .map(|(name, _)| name)
            .collect();
        let has = ["304", "412"].map(|status| responses.contains_key(status));
        json!([names, headers, has])
    };
    let (both, one) = (["IfMatch", "IfNoneMatch"], ["IfNoneMatch"]);
    for (path, method, expected) in [
        (
            "/v1/orders/{orderId}",
            "get",
            json!([both, ["ETag"], [true, true]]),
        ),
        (
            "/v1/products/{sku}",
            "get",
            json!([both, ["ETag", "Cache-Control"], [true, true]]),
        ),
        (
            "/v1/products",
            "get",
            json!([one, ["ETag", "Cache-Control"], [true, false]]),
        ),
        (
            "/v1/products",
            "post",
            json!([both, ["ETag"], [false, true]]),
        ),
        ("/v1/shipments", "get", json!([[], [], [false, false]])),
    ] {
        assert_eq!(told(path, method), expected, "{method} {path}");
    }
}

#[test]
fn every_method_that_shows_an_etag_holds_to_conditions() {
    let contract = Contract::tradewind();
    let mut shown = 0;
    for service in contract.descriptors().services() {
        for method in service.methods() {
            let path = format!("/{}/{}", service.full_name(), method.name());
            let known = contract.method(&path).unwrap();
            let has_etag = method.output().fields().any(|field| match field.kind() {
                transcoder::prost_reflect::Kind::Message(resource) => {
                    !field.is_list() && resource.get_field_by_name("etag").is_some()
                }
                _ => false,
            });
            let is_served = known.access.as_ref().is_some_and(|access| match access {
                runtime::contract::Access::Alternatives { roles, .. } => !roles.is_empty(),
                runtime::contract::Access::Public => true,
                runtime::contract::Access::AnyToken => false,
            });
            if has_etag && is_served {
                assert!(known.conditional, "{path}");
                shown += 1;
            }
        }
    }
    assert!(shown > 10, "{shown}");
}

//! What goes wrong, and how it is said.

use runtime::status::{Problem, Reason};
use serde_json::{Value, json};
use std::time::Duration;
use tonic::{Code, Status};

use crate::fixture::{Fixture, error, info, reason, refusal, refused, settings, shop};
use crate::upstream::{Answer, Seen};

#[tokio::test]
async fn a_path_that_nothing_has_is_404() {
    let fixture = Fixture::start(shop).await;
    for path in ["/v1/nothing", "/v1/products/", "/v1/orders/o-1/", "//"] {
        let response = fixture.as_user("GET", path).send().await.unwrap();
        assert_eq!(
            refusal(response).await,
            refused(404, "NOT_FOUND", "ROUTE_NOT_FOUND"),
            "{path}"
        );
    }
    assert!(fixture.upstream.calls().is_empty());
}

#[tokio::test]
async fn methods_for_workloads_have_no_path() {
    let fixture = Fixture::start(shop).await;
    let paths = [
        "/tradewind.auth.v1.AuthService/RedeemTicket",
        "/tradewind.catalog.v1.CatalogService/BatchGetProducts",
        "/tradewind.auth.v1.AuthService/IssueWorkloadToken",
    ];
    for path in paths {
        let response = fixture
            .as_user("POST", path)
            .json(&json!({}))
            .send()
            .await
            .unwrap();
        assert_eq!(
            refusal(response).await,
            refused(404, "NOT_FOUND", "ROUTE_NOT_FOUND"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_path_with_another_method_says_which_it_has() {
    let fixture = Fixture::start(shop).await;
    let response = fixture
        .as_user("DELETE", "/v1/orders/o-1")
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["allow"], "GET, HEAD, OPTIONS");
    assert_eq!(
        refusal(response).await,
        refused(405, "UNIMPLEMENTED", "METHOD_NOT_ALLOWED")
    );

    let response = fixture
        .request("OPTIONS", "/v1/orders")
        .send()
        .await
        .unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["allow"]),
        (204, &"GET, HEAD, OPTIONS, POST".parse().unwrap())
    );

    let response = fixture.request("POST", "/livez").send().await.unwrap();
    assert_eq!(
        refusal(response).await,
        refused(405, "UNIMPLEMENTED", "METHOD_NOT_ALLOWED")
    );
}

#[tokio::test]
async fn a_body_that_does_not_fit_is_400_with_the_field() {
    let fixture = Fixture::start(shop).await;
    let cases = [
        (
            r#"{"items":[{"sku":"A","quantity":"many"}]}"#,
            "items[0].quantity",
        ),
        (
            r#"{"items":[{"sku":"A","quantity":2.5}]}"#,
            "items[0].quantity",
        ),
        (
            r#"{"items":[{"sku":"A","colour":"red"}]}"#,
            "items[0].colour",
        ),
        (r#"{"items":"#, "items"),
        ("[]", ""),
    ];
    for (body, field) in cases {
        let request = fixture
            .as_user("POST", "/v1/orders")
            .header("content-type", "application/json");
        let response = request.body(body).send().await.unwrap();
        assert_eq!(response.status(), 400, "{body}");
        let error = error(response).await;
        assert_eq!(reason(&error), "MALFORMED_REQUEST");
        let violation = &bad_request(&error)["fieldViolations"][0];
        assert_eq!(violation["field"].as_str().unwrap_or(""), field, "{error}");
    }
    let deep = format!("{}{}", r#"{"items":"#, "[".repeat(2000));
    let request = fixture
        .as_user("POST", "/v1/orders")
        .header("content-type", "application/json");
    let response = request.body(deep).send().await.unwrap();
    assert_eq!(
        refusal(response).await,
        refused(400, "INVALID_ARGUMENT", "MALFORMED_REQUEST")
    );
    assert!(fixture.upstream.calls().is_empty());
}

#[tokio::test]
async fn a_field_is_named_from_the_body_that_was_sent() {
    let refuses = |_: &Seen| {
        let fields = [
            ("product.price.currencyCode", "no currency"),
            ("product.sku", "no SKU"),
        ];
        Answer::Error(Problem::invalid(fields).into())
    };
    let fixture = Fixture::start(refuses).await;
    let fields = async |method: &str, path: &str, body: Value| {
        let request = fixture
            .request(method, path)
            .bearer_auth(fixture.token(&["admin"]))
            .json(&body);
        let error = error(request.send().await.unwrap()).await;
        let violations = bad_request(&error)["fieldViolations"].as_array().unwrap();
        let fields = violations.iter().map(|one| one["field"].as_str().unwrap());
        let fields: Vec<_> = fields.map(str::to_owned).collect();
        (fields, error["message"].as_str().unwrap().to_owned())
    };
    for (method, path) in [("POST", "/v1/products"), ("PATCH", "/v1/products/A%201")] {
        let (of_edge, message) = fields(method, path, json!({"title": 7})).await;
        assert_eq!(of_edge, ["title"]);
        assert!(message.starts_with("title: "), "{message}");
        let (of_service, message) = fields(method, path, json!({"title": "Lamp"})).await;
        assert_eq!(of_service, ["price.currencyCode", "sku"]);
        assert_eq!(message, "price.currencyCode: no currency; sku: no SKU");
    }
}

fn bad_request(error: &Value) -> &Value {
    let details = error["details"].as_array().unwrap();
    let found = details
        .iter()
        .find(|one| one["@type"] == "type.googleapis.com/google.rpc.BadRequest");
    found.unwrap_or_else(|| panic!("no BadRequest: {error}"))
}

#[tokio::test]
async fn an_unknown_query_parameter_is_400() {
    let fixture = Fixture::start(shop).await;
    let response = fixture
        .as_user("GET", "/v1/orders?pageSize=2&colour=red")
        .send()
        .await
        .unwrap();
    let error = error(response).await;
    assert_eq!(bad_request(&error)["fieldViolations"][0]["field"], "colour");
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_announced_or_not() {
    let mut settings = settings();
    settings.requests.body_limit = 1000;
    let fixture = Fixture::with(settings, shop).await;
    let request = fixture.as_user("POST", "/v1/orders").body("x".repeat(1001));
    let response = request.send().await.unwrap();
    assert_eq!(
        refusal(response).await,
        refused(413, "INVALID_ARGUMENT", "REQUEST_TOO_LARGE")
    );

    let chunks = (0..20).map(|_| Ok::<_, std::io::Error>("x".repeat(100)));
    let body = reqwest::Body::wrap_stream(futures::stream::iter(chunks));
    let response = fixture
        .as_user("POST", "/v1/orders")
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(
        refusal(response).await,
        refused(413, "INVALID_ARGUMENT", "REQUEST_TOO_LARGE")
    );
    assert!(fixture.upstream.calls().is_empty());
}

#[tokio::test]
async fn a_body_of_another_type_is_415() {
    let fixture = Fixture::start(shop).await;
    let expected = refused(415, "INVALID_ARGUMENT", "UNSUPPORTED_CONTENT_TYPE");
    for content_type in [
        "application/x-www-form-urlencoded",
        "text/plain",
        "application/json; charset=latin1",
    ] {
        let request = fixture
            .as_user("POST", "/v1/orders")
            .header("content-type", content_type);
        assert_eq!(
            refusal(request.body("{}").send().await.unwrap()).await,
            expected
        );
    }
    let request = fixture
        .as_user("POST", "/v1/orders")
        .header("content-encoding", "gzip");
    assert_eq!(
        refusal(request.body("{}").send().await.unwrap()).await,
        expected
    );
    let response = fixture
        .as_user("POST", "/v1/orders")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(
        response.status(),
        201,
        "a body without a type is taken for JSON"
    );
}

#[tokio::test]
async fn a_body_that_nothing_takes_is_400() {
    let fixture = Fixture::start(shop).await;
    let request = fixture.as_user("GET", "/v1/orders/o-1").body("anything");
    let expected = refused(400, "INVALID_ARGUMENT", "MALFORMED_REQUEST");
    assert_eq!(refusal(request.send().await.unwrap()).await, expected);
}

#[tokio::test]
async fn errors_of_services_come_with_their_details() {
    let fixture = Fixture::start(|_| {
        let problem = Problem::new(
            Reason::InsufficientStock,
            Code::FailedPrecondition,
            "too few",
        )
        .metadata("sku", "A 1")
        .metadata("available", 3)
        .retry_after(Duration::from_millis(1500));
        Answer::Error(problem.into())
    })
    .await;
    let response = fixture
        .as_user("POST", "/v1/orders")
        .json(&json!({}))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 400);
    assert_eq!(
        response.headers()["retry-after"],
        "2",
        "seconds, rounded up"
    );
    let error = error(response).await;
    assert_eq!(
        (error["status"].as_str(), reason(&error)),
        (Some("FAILED_PRECONDITION"), "INSUFFICIENT_STOCK")
    );
    assert_eq!(
        info(&error)["metadata"],
        json!({"sku": "A 1", "available": "3"}),
        "{error}"
    );
}

#[tokio::test]
async fn codes_map_to_http_as_google_says() {
    let codes = [
        (Code::InvalidArgument, 400),
        (Code::NotFound, 404),
        (Code::AlreadyExists, 409),
        (Code::Aborted, 409),
        (Code::PermissionDenied, 403),
        (Code::ResourceExhausted, 429),
        (Code::Unimplemented, 501),
        (Code::Unavailable, 503),
        (Code::DeadlineExceeded, 504),
        (Code::Cancelled, 499),
    ];
    for (code, http) in codes {
        let fixture =
            Fixture::start(move |_| Answer::Error(Status::new(code, "said the service"))).await;
        let response = fixture
            .as_user("GET", "/v1/orders/o-1")
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), http, "{code:?}");
        let error = error(response).await;
        assert_eq!(error["message"], "said the service");
        if code != Code::Aborted {
            reason(&error);
        }
    }
}

#[tokio::test]
async fn a_call_that_an_upstream_gave_up_is_told_as_given_up() {
    let fixture = Fixture::start(|_| Answer::Error(Status::cancelled("given up"))).await;
    let response = fixture.as_user("GET", "/v1/orders/o-1").send().await;
    assert_eq!(
        refusal(response.unwrap()).await,
        refused(499, "CANCELLED", "CANCELLED")
    );
}

#[tokio::test]
async fn what_broke_inside_is_not_told_outside() {
    for code in [Code::Internal, Code::Unknown, Code::DataLoss] {
        let fixture =
            Fixture::start(move |_| Answer::Error(Status::new(code, "password=hunter2"))).await;
        let response = fixture
            .as_user("GET", "/v1/orders/o-1")
            .send()
            .await
            .unwrap();
        let text = response.text().await.unwrap();
        assert!(
            !text.contains("hunter2") && text.contains("INTERNAL"),
            "{text}"
        );
    }
    let fixture = Fixture::start(|_| Answer::Message(b"\xff\xff\xff".to_vec())).await;
    let response = fixture
        .as_user("GET", "/v1/orders/o-1")
        .send()
        .await
        .unwrap();
    assert_eq!(
        refusal(response).await,
        refused(500, "INTERNAL", "INTERNAL")
    );
}

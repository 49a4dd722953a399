//! Errors for clients that accept problem details (RFC 9457).

use reqwest::Response;
use runtime::status::Problem;
use serde_json::Value;

use crate::fixture::{Fixture, error, shop};
use crate::upstream::Answer;

const PROBLEM: &str = "application/problem+json";

async fn ask(fixture: &Fixture, path: &str, accept: &str) -> Response {
    let request = fixture.as_user("GET", path).header("accept", accept);
    let request = request.header("x-request-id", "r-1");
    request.send().await.unwrap()
}

async fn problem(response: Response) -> Value {
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], PROBLEM);
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["status"], status, "{problem}");
    problem
}

#[tokio::test]
async fn who_accepts_problems_by_name_gets_them() {
    let missing = || Answer::Error(Problem::not_found("order", "o-1").into());
    let fixture = Fixture::start(move |_| missing()).await;
    for accept in [PROBLEM, "application/json, application/problem+json"] {
        let found = problem(ask(&fixture, "/v1/orders/o-1", accept).await).await;
        assert_eq!(found["type"], "urn:problem:tradewind:RESOURCE_NOT_FOUND");
        assert_eq!(found["title"], "Resource not found");
        assert_eq!(found["status"], 404);
        assert!(found["detail"].as_str().unwrap().contains("o-1"), "{found}");
        assert_eq!(found["instance"], "urn:request:r-1");
        assert_eq!(found["code"], "NOT_FOUND");
        let details = found["details"].as_array().unwrap();
        let types: Vec<_> = details
            .iter()
            .filter_map(|one| one["@type"].as_str())
            .collect();
        assert!(
            types.contains(&"type.googleapis.com/google.rpc.ResourceInfo"),
            "{found}"
        );
    }
    for accept in [
        "*/*",
        "application/json",
        "application/json, application/problem+json;q=0.5",
    ] {
        error(ask(&fixture, "/v1/orders/o-1", accept).await).await;
    }
}

#[tokio::test]
async fn errors_of_the_edge_are_problems_too() {
    let fixture = Fixture::start(shop).await;
    let found = problem(ask(&fixture, "/nothing", PROBLEM).await).await;
    assert_eq!(found["type"], "urn:problem:tradewind:ROUTE_NOT_FOUND");
    let request = fixture.request("GET", "/v1/orders/o-1");
    let response = request.header("accept", PROBLEM).send().await.unwrap();
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
    assert_eq!(problem(response).await["status"], 401);
    let request = fixture.as_user("PUT", "/v1/orders");
    let response = request.header("accept", PROBLEM).send().await.unwrap();
    assert_eq!(problem(response).await["status"], 405);
    let good = ask(&fixture, "/v1/orders/o-1", PROBLEM).await;
    assert_eq!(good.headers()["content-type"], "application/json");
}

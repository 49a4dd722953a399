//! `--profile envoy`.

use super::*;

async fn envoy() -> Fixture {
    start(Name::Envoy).await
}

#[tokio::test]
async fn an_error_is_in_the_headers_alone() {
    let fixture = envoy().await;
    for (book, status, code, message) in [
        ("none", 404, "5", "no%20such%20book"),
        ("broken", 500, "13", "a%20cable%20is%20loose"),
    ] {
        let response = fixture.get(&format!("/v1/shelves/1/books/{book}")).await;
        assert_eq!(response.headers()["grpc-status"], code);
        assert_eq!(response.headers()["grpc-message"], message);
        let expected = (status, "application/grpc".to_owned(), String::new());
        assert_eq!(told(response).await, expected);
    }
}

#[tokio::test]
async fn or_an_error_is_what_is_set_of_its_status() {
    let fixture = start(Name::EnvoyConvertGrpcStatus).await;
    let expected = json!({"code": 5, "message": "no such book"});
    let response = fixture.get("/v1/shelves/1/books/none").await;
    assert!(!response.headers().contains_key("grpc-status"));
    assert_eq!(told(response).await, as_json(404, &expected));
    let response = fixture.get("/v1/shelves/wrong/seats").await;
    assert_eq!(told(response).await, as_json(404, &expected));
    let response = fixture.get("/v1/nothing").await;
    let (status, media_type, _) = told(response).await;
    assert_eq!((status, media_type.as_str()), (404, "text/plain"));
}

#[tokio::test]
async fn what_the_edge_itself_refuses_is_told_in_plain_text() {
    let fixture = envoy().await;
    for (method, path, status) in [
        ("GET", "/v1/shelves/1/books/2?utm=1", 400),
        ("GET", "/v1/shelves/1/books/2?pages=x", 400),
        ("PUT", BOOK, 404),
        ("HEAD", BOOK, 404),
        ("OPTIONS", BOOK, 404),
        ("GET", "/v1/nothing", 404),
        ("GET", "/", 404),
    ] {
        let response = fixture.request(method, path).send().await.unwrap();
        assert!(!response.headers().contains_key("grpc-status"), "{path}");
        let (told, media_type, body) = told(response).await;
        assert_eq!(
            (told, media_type.as_str()),
            (status, "text/plain"),
            "{method} {path}"
        );
        assert_eq!(body.is_empty(), method == "HEAD", "{method} {path}");
    }
}

#[tokio::test]
async fn headers_and_metadata_are_the_same_but_for_those_of_one_hop() {
    let fixture = envoy().await;
    let response = fixture
        .request("GET", BOOK)
        .header("x-tenant", "t")
        .header("cookie", "a=b")
        .header("user-agent", "agent")
        .header("authorization", "Basic x")
        .header("x-forwarded-for", "192.0.2.1")
        .header("x-workload-authorization", "forged")
        .header("x-client-address", "192.0.2.1")
        .header("proxy-authorization", "x")
        .header("x-envoy-upstream-rq-timeout-ms", "1")
        .header("x-envoy-retry-on", "5xx")
        .header("x-forwarded-proto", "https")
        .header("te", "gzip")
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["x-leading"], "first");
    assert_eq!(response.headers()["grpc-status"], "0");
    assert!(!response.headers().contains_key("x-workload-authorization"));
    assert_eq!(
        told(response).await,
        as_json(200, &json!({"name": "shelves/1/books/2"}))
    );
    let call = fixture.upstream.last_call();
    for (name, value) in [
        ("x-tenant", Some("t")),
        ("cookie", Some("a=b")),
        ("user-agent", Some("agent")),
        ("authorization", Some("Basic x")),
        ("x-forwarded-for", Some("192.0.2.1")),
        ("x-client-address", Some("127.0.0.1")),
        ("te", Some("trailers")),
        ("x-workload-authorization", None),
        ("proxy-authorization", None),
        ("x-envoy-upstream-rq-timeout-ms", None),
        ("x-envoy-retry-on", None),
        ("x-forwarded-proto", None),
    ] {
        assert_eq!(call.metadata(name), value, "{name}");
    }
}

#[tokio::test]
async fn a_stream_is_an_array_that_is_closed_in_any_case() {
    let fixture = envoy().await;
    let response = fixture.get("/v1/shelves/broken/seats").await;
    let (status, media_type, body) = told(response).await;
    assert_eq!((status, media_type.as_str()), (200, "application/json"));
    let body: Value = serde_json::from_str(&body).unwrap();
    let name = "shelves/broken";
    assert_eq!(body, json!([{"name": name}, {"name": name, "pages": "1"}]));

    let response = fixture.get("/v1/shelves/wrong/seats").await;
    assert_eq!(response.headers()["grpc-status"], "5");
    assert_eq!(told(response).await, as_json(404, &"[]"));
    let response = fixture.get("/v1/shelves/none/seats").await;
    assert_eq!(told(response).await, as_json(200, &"[]"));
}

#[tokio::test]
async fn the_query_goes_before_the_path_and_the_last_before_the_first() {
    let fixture = envoy().await;
    let query = "name=shelves/8/books/8&name=shelves/9/books/9";
    let response = fixture
        .get(&format!("/v1/shelves/1/books/2/?{query}"))
        .await;
    assert_eq!(response.status(), 200);
    let Book { name, .. } = fixture.upstream.last_call().decode();
    assert_eq!(name, "shelves/9/books/9");
}

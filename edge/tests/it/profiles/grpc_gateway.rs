//! `--profile grpc-gateway`.

use super::*;

async fn gateway() -> Fixture {
    start(Name::GrpcGateway).await
}

#[tokio::test]
async fn an_error_is_a_status_without_an_envelope_in_the_words_of_the_upstream() {
    let fixture = gateway().await;
    for (book, status, code, message) in [
        ("none", 404, 5, "no such book"),
        ("broken", 500, 13, "a cable is loose"),
        ("secret", 401, 16, "Basic realm=\"books\""),
    ] {
        let response = fixture.get(&format!("/v1/shelves/1/books/{book}")).await;
        let challenge = response.headers().get("www-authenticate").cloned();
        assert_eq!(
            challenge.is_some_and(|value| value == message),
            status == 401
        );
        let expected = json!({"code": code, "message": message, "details": []});
        assert_eq!(told(response).await, as_json(status, &expected));
    }
    let response = fixture.get("/v1/shelves/1/books/x?x=%zz").await;
    assert_eq!(response.status(), 400);
    let error: Value = response.json().await.unwrap();
    assert_eq!((&error["code"], &error["details"]), (&json!(3), &json!([])));
}

#[tokio::test]
async fn a_wrong_method_is_not_implemented_and_nothing_stands_beside_the_routes() {
    let fixture = gateway().await;
    for method in ["PUT", "OPTIONS", "HEAD"] {
        let response = fixture.request(method, BOOK).send().await.unwrap();
        let expected = json!({"code": 12, "message": "Method Not Allowed", "details": []});
        let body = if method == "HEAD" {
            String::new()
        } else {
            expected.to_string()
        };
        assert_eq!(told(response).await, as_json(501, &body), "{method}");
    }
    for path in [
        "/v1/nothing",
        "/",
        "/docs",
        "/openapi.json",
        "/v1/shelves/1/books/2/",
    ] {
        let expected = json!({"code": 5, "message": "Not Found", "details": []});
        assert_eq!(
            told(fixture.get(path).await).await,
            as_json(404, &expected),
            "{path}"
        );
    }
}

#[tokio::test]
async fn headers_become_metadata_by_their_prefixes_and_metadata_headers() {
    let fixture = gateway().await;
    let response = fixture
        .request("GET", BOOK)
        .header("grpc-metadata-tenant", "t")
        .header("grpc-metadata-key-bin", "AAE=")
        .header("grpc-metadata-grpcgateway-cookie", "forged")
        .header("grpc-metadata-x-workload-authorization", "forged")
        .header("grpc-metadata-x-client-address", "192.0.2.1")
        .header("authorization", "Basic x")
        .header("cookie", "a=b")
        .header("x-other", "stays")
        .header("x-forwarded-for", "192.0.2.1")
        .header("x-forwarded-host", "api.example.com")
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["grpc-metadata-x-leading"], "first");
    assert_eq!(
        response.headers()["grpc-metadata-content-type"],
        "application/grpc"
    );
    for name in response.headers().keys() {
        assert!(!name.as_str().contains("workload") && !name.as_str().contains("grpc-status"));
    }
    let call = fixture.upstream.last_call();
    for (name, value) in [
        ("tenant", "t"),
        ("key-bin", "AAE="),
        ("authorization", "Basic x"),
        ("grpcgateway-authorization", "Basic x"),
        ("grpcgateway-cookie", "a=b"),
        ("x-forwarded-for", "192.0.2.1, 127.0.0.1"),
        ("x-forwarded-host", "api.example.com"),
        ("x-client-address", "127.0.0.1"),
    ] {
        assert_eq!(call.metadata(name), Some(value), "{name}");
    }
    for name in ["cookie", "x-other", "x-workload-authorization"] {
        assert_eq!(call.metadata(name), None, "{name}");
    }

    let request = fixture
        .request("GET", BOOK)
        .header("grpc-metadata-key-bin", "~");
    assert_eq!(request.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn whom_a_request_is_for_is_known_over_http2_too() {
    let fixture = gateway().await;
    let client = reqwest::Client::builder().no_proxy();
    let client = client.http2_prior_knowledge().build().unwrap();
    let response = client.get(fixture.url(BOOK)).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let call = fixture.upstream.last_call();
    let expected = fixture.address.to_string();
    assert_eq!(call.metadata("x-forwarded-host"), Some(&*expected));
}

#[tokio::test]
async fn a_token_that_the_edge_verified_stays_there_in_any_form() {
    let upstream = Upstream::start(library).await;
    let fixture = before(upstream, Access::Authenticated, |config| {
        config.servers.profile = Some(Name::GrpcGateway);
    })
    .await;
    let request = fixture
        .as_user("GET", BOOK)
        .header("grpc-metadata-authorization", "forged");
    assert_eq!(request.send().await.unwrap().status(), 200);
    let call = fixture.upstream.last_call();
    assert_eq!(call.metadata("authorization"), None);
    assert_eq!(call.metadata("grpcgateway-authorization"), None);
    // Ours are told in their form too.
    let expected = (401, json!(16));
    let response = fixture.get(BOOK).await;
    let status = response.status().as_u16();
    let error: Value = response.json().await.unwrap();
    assert_eq!((status, error["code"].clone()), expected);
}

#[tokio::test]
async fn trailing_metadata_are_trailers_for_who_takes_them() {
    let fixture = gateway().await;
    let head = format!("GET {BOOK} HTTP/1.1\r\nhost: x\r\n");
    let reply = raw(
        &fixture,
        &format!("{head}te: trailers\r\nconnection: te, close\r\n\r\n"),
    )
    .await;
    assert!(
        reply.contains("trailer: grpc-trailer-x-trailing\r\n"),
        "{reply}"
    );
    let (_, body) = reply.split_once("\r\n\r\n").unwrap();
    assert!(
        body.ends_with("0\r\ngrpc-trailer-x-trailing: last\r\n\r\n"),
        "{reply}"
    );
    let reply = raw(&fixture, &format!("{head}connection: close\r\n\r\n")).await;
    assert!(!reply.contains("trailer"), "{reply}");
}

#[tokio::test]
async fn each_message_of_a_stream_is_a_result_on_a_line() {
    let fixture = gateway().await;
    let line = |pages: &str| {
        let book = json!({"name": "shelves/s", "pages": pages});
        format!("{}\n", json!({"result": book})).replace("shelves/s", "shelves/broken")
    };
    let response = fixture
        .request("GET", "/v1/shelves/broken/seats")
        .header("accept", "text/event-stream")
        .send()
        .await
        .unwrap();
    assert_eq!(
        response.headers()["grpc-metadata-content-type"],
        "application/grpc"
    );
    let error = json!({"error": {"code": 5, "message": "no such book", "details": []}});
    let expected = format!("{}{}{error}\n", line("0"), line("1"));
    assert_eq!(told(response).await, as_json(200, &expected));

    let response = fixture.get("/v1/shelves/wrong/seats").await;
    assert_eq!(told(response).await, as_json(404, &format!("{error}\n")));
    let response = fixture.get("/v1/shelves/none/seats").await;
    assert_eq!(told(response).await, as_json(200, &""));
}

#[tokio::test]
async fn what_is_no_field_is_passed_over_and_a_body_is_json_whatever_it_says() {
    let fixture = gateway().await;
    let response = fixture
        .get(&format!("{BOOK}?utm=1&name=other&labels[a]=b"))
        .await;
    let body: Value = response.json().await.unwrap();
    assert_eq!(body, json!({"name": "shelves/1/books/2", "pages": "0"}));

    for media_type in ["text/plain", "application/x-www-form-urlencoded"] {
        let request = fixture
            .request("POST", "/v1/shelves/1/books:add?pages=4")
            .header("content-type", media_type)
            .body(r#"{"pages": 3, "nothing": 1}"#);
        assert_eq!(request.send().await.unwrap().status(), 200, "{media_type}");
        let books: Vec<Book> = fixture.upstream.last_call().decode_all();
        assert_eq!(books[0].pages, 3);
    }
}

#[tokio::test]
async fn a_form_may_be_a_long_query() {
    let fixture = gateway().await;
    let form = |path: &str| {
        let request = fixture.request("POST", path);
        request.header("content-type", "application/x-www-form-urlencoded")
    };
    let response = form("/v1/shelves/1/seats?x=y")
        .body("ticket=a+b")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let seats: Seats = fixture.upstream.last_call().decode();
    assert_eq!(seats.ticket, "a b");

    let named = |method| form("/v1/shelves/1/seats").header("x-http-method-override", method);
    let response = named("get").body("ticket=c").send().await.unwrap();
    assert_eq!(response.status(), 200);
    let seats: Seats = fixture.upstream.last_call().decode();
    assert_eq!(seats.ticket, "c");
    assert_eq!(named("delete").send().await.unwrap().status(), 501);

    let json = fixture
        .request("POST", "/v1/shelves/1/seats")
        .json(&json!({}));
    assert_eq!(json.send().await.unwrap().status(), 501);
}

#[derive(Clone, PartialEq, prost::Message)]
struct Seats {
    #[prost(string, tag = "3")]
    ticket: String,
}

#[tokio::test]
async fn a_path_is_decoded_before_it_is_taken_apart() {
    let fixture = gateway().await;
    for path in ["/v1/shelves%2F1/books/2", "/v1/shelves/1/books/%32"] {
        let body: Value = fixture.get(path).await.json().await.unwrap();
        assert_eq!(body["name"], "shelves/1/books/2", "{path}");
    }
    assert_eq!(fixture.get("/v1/shelves/1/books/a%2Fb").await.status(), 404);
    let body: Value = fixture
        .get("/v1/shelves/1/books/")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(body["name"], "shelves/1/books/");
}

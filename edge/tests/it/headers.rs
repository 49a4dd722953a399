//! What every reply tells browsers.

use reqwest::Response;

use crate::fixture::{Fixture, settings, shop};

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response
        .headers()
        .get(name)
        .map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn every_reply_has_the_security_headers() {
    let fixture = Fixture::start(shop).await;
    let replies = [
        fixture
            .as_user("GET", "/v1/orders/o-1")
            .send()
            .await
            .unwrap(),
        fixture.get("/v1/orders/o-1").await,
        fixture.get("/nothing").await,
        fixture.get("/docs").await,
        fixture.get("/readyz").await,
    ];
    for response in replies {
        let url = response.url().path().to_owned();
        assert_eq!(
            header(&response, "x-content-type-options"),
            Some("nosniff"),
            "{url}"
        );
        assert_eq!(
            header(&response, "referrer-policy"),
            Some("no-referrer"),
            "{url}"
        );
        let policy = header(&response, "content-security-policy").unwrap();
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{url}: {policy}"
        );
        assert!(header(&response, "cache-control").is_some_and(|value| value.starts_with("no-")));
        assert!(header(&response, "x-request-id").is_some());
        assert_eq!(header(&response, "strict-transport-security"), None);
    }
}

#[tokio::test]
async fn behind_tls_browsers_are_told_to_stay_there() {
    let mut settings = settings();
    settings.web.behind_tls = true;
    let fixture = Fixture::with(settings, shop).await;
    let response = fixture.get("/livez").await;
    assert!(
        header(&response, "strict-transport-security")
            .unwrap()
            .starts_with("max-age=")
    );
}

#[tokio::test]
async fn pages_of_listed_origins_may_call_and_others_may_not() {
    let mut settings = settings();
    settings.web.cors_origins = vec!["https://shop.example.com".parse().unwrap()];
    let fixture = Fixture::with(settings, shop).await;
    let get = |origin: &str| {
        fixture
            .request("GET", "/v1/orders/o-1")
            .header("origin", origin)
            .send()
    };

    let allowed = get("https://shop.example.com").await.unwrap();
    assert_eq!(allowed.status(), 401);
    assert_eq!(
        header(&allowed, "access-control-allow-origin"),
        Some("https://shop.example.com")
    );
    assert!(
        header(&allowed, "access-control-expose-headers")
            .unwrap()
            .contains("retry-after")
    );
    assert_eq!(header(&allowed, "access-control-allow-credentials"), None);
    let vary: Vec<_> = allowed.headers().get_all("vary").iter().collect();
    assert!(vary.iter().any(|value| *value == "origin"), "{vary:?}");

    let other = get("https://evil.example").await.unwrap();
    assert_eq!(header(&other, "access-control-allow-origin"), None);

    let preflight = fixture
        .request("OPTIONS", "/v1/orders")
        .header("origin", "https://shop.example.com")
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization, content-type",
        )
        .send()
        .await
        .unwrap();
    assert_eq!(preflight.status(), 204);
    assert!(
        header(&preflight, "access-control-allow-methods")
            .unwrap()
            .contains("POST")
    );
    assert!(
        header(&preflight, "access-control-allow-headers")
            .unwrap()
            .contains("idempotency-key")
    );
    assert_eq!(
        header(&preflight, "access-control-allow-origin"),
        Some("https://shop.example.com")
    );
}

#[tokio::test]
async fn without_a_list_no_origin_may_call() {
    let fixture = Fixture::start(shop).await;
    let request = fixture.request("GET", "/v1/products/A%201");
    let response = request
        .header("origin", "https://shop.example.com")
        .send()
        .await
        .unwrap();
    assert_eq!(header(&response, "access-control-allow-origin"), None);
}

//! What every reply tells browsers.

use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::Response;

use crate::fixture::{Fixture, settings, shop};
use crate::upstream::{Answer, frame};

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
async fn a_reply_in_grpc_has_nothing_for_browsers_which_do_not_speak_it() {
    let mut settings = settings();
    settings.web.behind_tls = true;
    let fixture = Fixture::with(settings, shop).await;
    let http2 = reqwest::Client::builder().no_proxy();
    let http2 = http2.http2_prior_knowledge().build().unwrap();
    let path = "/tradewind.catalog.v1.CatalogService/GetProduct";
    let call = http2.post(fixture.url(path)).body(frame(&[]));
    let response = call.header("content-type", "application/grpc");
    let response = response.send().await.unwrap();
    assert_eq!(header(&response, "content-type"), Some("application/grpc"));
    assert!(header(&response, "x-request-id").is_some());
    for name in [
        "content-security-policy",
        "cache-control",
        "strict-transport-security",
    ] {
        assert_eq!(header(&response, name), None);
    }
    let web = fixture.request("POST", path).body(frame(&[]));
    let web = web.header("content-type", "application/grpc-web");
    let web = web.send().await.unwrap();
    assert!(header(&web, "content-security-policy").is_some());
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
    let allowed = header(&preflight, "access-control-allow-headers").unwrap();
    for name in [
        "idempotency-key",
        "content-encoding",
        "if-match",
        "if-none-match",
    ] {
        let mut names = allowed.split(", ");
        assert!(names.any(|one| one == name), "{name}: {allowed}");
    }
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

#[tokio::test]
async fn pages_may_send_and_read_what_the_rules_pass_on() {
    let mut settings = settings();
    settings.web.cors_origins = vec!["https://shop.example.com".parse().unwrap()];
    let rules = |rules: &[&str]| rules.iter().map(|rule| rule.parse().unwrap()).collect();
    settings.metadata.request_header = rules(&["x-tenant=tenant", "x-app-*"]);
    settings.metadata.reply_header = rules(&["shelf=x-shelf", "floor-*=x-floor-*"]);
    let fixture = Fixture::with(settings, |_| {
        let told = [("shelf", "seven"), ("floor-name", "top"), ("other", "1")];
        let told = told.map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        let headers = HeaderMap::from_iter(told);
        Answer::Told(Vec::new(), headers, HeaderMap::new())
    })
    .await;

    let preflight = fixture
        .request("OPTIONS", "/v1/products/A%201")
        .header("origin", "https://shop.example.com")
        .header("access-control-request-method", "GET")
        .header(
            "access-control-request-headers",
            "cookie,x-app-key, X-Tenant,x-other",
        );
    let preflight = preflight.send().await.unwrap();
    let names = |response: &Response, header_name: &str| -> Vec<String> {
        let names = header(response, header_name).unwrap().split(',');
        names.map(|name| name.trim().to_owned()).collect()
    };
    let allowed = names(&preflight, "access-control-allow-headers");
    for name in ["authorization", "x-app-key", "x-tenant"] {
        assert!(allowed.iter().any(|one| one == name), "{name}: {allowed:?}");
    }
    for name in ["cookie", "x-other"] {
        assert!(allowed.iter().all(|one| one != name), "{name}: {allowed:?}");
    }

    let request = fixture.request("GET", "/v1/products/A%201");
    let request = request.header("origin", "https://shop.example.com");
    let response = request.send().await.unwrap();
    assert_eq!(header(&response, "x-shelf"), Some("seven"));
    let exposed = names(&response, "access-control-expose-headers");
    for name in ["retry-after", "x-shelf", "x-floor-name"] {
        assert!(exposed.iter().any(|one| one == name), "{name}: {exposed:?}");
    }
    assert_eq!(header(&response, "other"), None);
}

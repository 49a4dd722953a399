//! The edge's own pages.

use serde_json::Value;

use crate::fixture::{Fixture, refusal, refused, settings, shop};

#[tokio::test]
async fn the_landing_page_says_where_to_go() {
    let fixture = Fixture::start(shop).await;
    let response = fixture.get("/").await;
    assert_eq!(
        response.headers()["content-type"],
        "text/html; charset=utf-8"
    );
    let page = response.text().await.unwrap();
    for link in ["/docs", "/openapi.json", "/readyz", "/v1/products"] {
        assert!(page.contains(&format!("href=\"{link}\"")), "{link}");
    }
}

#[tokio::test]
async fn the_openapi_document_has_the_public_methods_alone() {
    let fixture = Fixture::start(shop).await;
    let response = fixture.get("/openapi.json").await;
    let tag = response.headers()["etag"].clone();
    let document: Value = response.json().await.unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let order = &document["paths"]["/v1/orders"]["post"];
    assert!(order["responses"].get("201").is_some(), "{order}");
    assert!(!document.to_string().contains("RedeemTicket"));

    let known = fixture
        .request("GET", "/openapi.json")
        .header("if-none-match", tag);
    assert_eq!(known.send().await.unwrap().status(), 304);
}

#[tokio::test]
async fn the_documentation_needs_nothing_from_elsewhere() {
    let fixture = Fixture::start(shop).await;
    for (path, content_type) in [
        ("/docs", "text/html; charset=utf-8"),
        ("/docs/docs.css", "text/css"),
        ("/docs/docs.js", "text/javascript"),
        ("/reset-password", "text/html; charset=utf-8"),
        ("/verify-email", "text/html; charset=utf-8"),
        ("/links/link.js", "text/javascript"),
        ("/favicon.svg", "image/svg+xml"),
    ] {
        let response = fixture.get(path).await;
        assert_eq!(
            (
                response.status().as_u16(),
                &response.headers()["content-type"]
            ),
            (200, &content_type.parse().unwrap())
        );
        let text = response
            .text()
            .await
            .unwrap()
            .replace("http://www.w3.org/2000/svg", "");
        assert!(
            !text.contains("http://") && !text.contains("https://"),
            "{path}"
        );
        // What the content security policy forbids.
        assert!(
            !text.contains("<style") && !text.contains("onclick=") && !text.contains("<script>"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_pages_of_mailed_links_stay_without_documentation_and_run_nothing_foreign() {
    let mut settings = settings();
    settings.web.hide_docs = true;
    let fixture = Fixture::with(settings, shop).await;
    assert_eq!(fixture.get("/docs").await.status(), 404);
    for path in [
        "/reset-password",
        "/verify-email",
        "/links/link.js",
        "/docs/docs.css",
    ] {
        let response = fixture.get(path).await;
        assert_eq!(response.status(), 200, "{path}");
        let headers = response.headers();
        let policy = headers["content-security-policy"].to_str().unwrap();
        for rule in [
            "default-src 'none'",
            "script-src 'self'",
            "form-action 'none'",
        ] {
            assert!(policy.contains(rule), "{policy}");
        }
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(headers["x-frame-options"], "DENY");
    }
}

#[tokio::test]
async fn health_is_asked_by_any_of_its_names() {
    let fixture = Fixture::start(shop).await;
    for path in ["/livez", "/healthz", "/health"] {
        assert_eq!(fixture.get(path).await.status(), 200, "{path}");
    }
    let gate = fixture.node.readiness.waits_for("postgres");
    gate.set("connection refused");
    for path in ["/readyz", "/ready"] {
        let response = fixture.get(path).await;
        assert_eq!(response.status(), 503, "{path}");
        assert!(
            response
                .text()
                .await
                .unwrap()
                .contains("connection refused")
        );
    }
}

#[tokio::test]
async fn the_documentation_can_be_hidden() {
    let mut settings = settings();
    settings.web.hide_docs = true;
    let fixture = Fixture::with(settings, shop).await;
    for path in ["/", "/docs", "/docs/docs.js", "/openapi.json"] {
        let response = fixture.get(path).await;
        assert_eq!(
            refusal(response).await,
            refused(404, "NOT_FOUND", "ROUTE_NOT_FOUND"),
            "{path}"
        );
    }
    assert_eq!(fixture.get("/livez").await.status(), 200);
}

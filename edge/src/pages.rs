//! The pages beside the API: where to go, documentation, OpenAPI, what mailed links lead to, health.

use std::sync::{Arc, OnceLock};

use axum::body::Body as PageBody;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use bytes::Bytes;
use gateway::{Document, MakePages, ShowsDocs, tag};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, IF_NONE_MATCH,
};
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use net::readiness::Readiness;
use tower::ServiceExt as _;

/// Nothing from elsewhere, nothing inline: the pages work without internet.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                           connect-src 'self'; base-uri 'none'; form-action 'none'; \
                           frame-ancestors 'none'";

/// What the landing page says.
#[derive(Clone, Debug)]
pub(crate) struct Landing {
    pub(crate) title: String,
    pub(crate) lead: String,
    /// Further entries of the list, as HTML.
    pub(crate) more: &'static str,
    /// What to try first, as text.
    pub(crate) first: String,
}

/// Whose pages they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    /// Tradewind's: links lead here by which a password is chosen, or an address is proved.
    Shop,
    /// Other people's.
    Others,
}

#[derive(Clone)]
struct Content {
    readiness: Readiness,
    openapi: Arc<OpenApi>,
    landing: Arc<str>,
}

/// The document, written when it is first asked for: the edge need not wait for it to start.
struct OpenApi {
    write: Document,
    written: OnceLock<(Bytes, HeaderValue)>,
}

/// Makes the pages of a site.
pub(crate) fn maker(readiness: Readiness, landing: &Landing, site: Site) -> MakePages {
    let landing: Arc<str> = landing.html().into();
    Arc::new(move |write, shows_docs| {
        let openapi = OpenApi {
            write,
            written: OnceLock::new(),
        };
        let content = Content {
            readiness: readiness.clone(),
            openapi: Arc::new(openapi),
            landing: landing.clone(),
        };
        let router = router(site, shows_docs).with_state(content);
        Arc::new(move |head| Box::pin(answer(router.clone(), head)))
    })
}

/// Health, and what the site has.
fn router(site: Site, shows_docs: ShowsDocs) -> axum::Router<Content> {
    let has_links = site == Site::Shop;
    let mut router = axum::Router::new()
        .route("/livez", get(alive))
        .route("/healthz", get(alive))
        .route("/health", get(alive))
        .route("/readyz", get(ready))
        .route("/ready", get(ready))
        .route(
            "/favicon.svg",
            asset("image/svg+xml", include_str!("pages/favicon.svg")),
        )
        .route(
            "/favicon.ico",
            asset("image/svg+xml", include_str!("pages/favicon.svg")),
        );
    if shows_docs || has_links {
        let style = asset("text/css", include_str!("pages/docs.css"));
        router = router.route("/docs/docs.css", style);
    }
    if has_links {
        let page = |content| asset("text/html; charset=utf-8", content);
        let script = asset("text/javascript", include_str!("pages/link.js"));
        router = router
            .route("/reset-password", page(include_str!("pages/password.html")))
            .route("/verify-email", page(include_str!("pages/verify.html")))
            .route("/links/link.js", script);
    }
    if shows_docs {
        router = router
            .route("/", get(landing_page))
            .route("/openapi.json", get(openapi_document))
            .route(
                "/docs",
                asset("text/html; charset=utf-8", include_str!("pages/docs.html")),
            )
            .route(
                "/docs/docs.js",
                asset("text/javascript", include_str!("pages/docs.js")),
            );
    }
    router
}

/// The page. What has none is told by the gateway.
async fn answer(router: axum::Router, head: Parts) -> Response<Bytes> {
    let request = Request::from_parts(head, PageBody::empty());
    let Ok(response) = router.oneshot(request).await;
    let (head, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await;
    Response::from_parts(head, body.expect("pages are whole in memory"))
}

impl Landing {
    fn html(&self) -> String {
        include_str!("pages/landing.html")
            .replace("{{title}}", &escape(&self.title))
            .replace("{{lead}}", &escape(&self.lead))
            .replace("{{more}}", self.more)
            .replace("{{first}}", &escape(&self.first))
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

async fn alive() -> impl IntoResponse {
    axum::Json(serde_json::json!({ "status": "alive" }))
}

/// 503 until everything is there that the edge cannot do without.
async fn ready(State(content): State<Content>) -> impl IntoResponse {
    let report = content.readiness.report();
    let status = match report.is_ready() {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, axum::Json(report))
}

async fn landing_page(State(content): State<Content>, headers: HeaderMap) -> Response<PageBody> {
    let page = Bytes::copy_from_slice(content.landing.as_bytes());
    let tag = tag(&page);
    cached(&headers, "text/html; charset=utf-8", page, tag)
}

async fn openapi_document(
    State(content): State<Content>,
    headers: HeaderMap,
) -> Response<PageBody> {
    let (document, tag) = content.openapi.written.get_or_init(|| {
        let document = Bytes::from((content.openapi.write)());
        let tag = tag(&document);
        (document, tag)
    });
    cached(&headers, "application/json", document.clone(), tag.clone())
}

fn asset(content_type: &'static str, content: &'static str) -> MethodRouter<Content> {
    let tag = tag(content.as_bytes());
    get(move |headers: HeaderMap| async move {
        cached(
            &headers,
            content_type,
            Bytes::from_static(content.as_bytes()),
            tag,
        )
    })
}

/// The content, or 304 if the client has it (RFC 9110 section 13.1.2).
fn cached(
    headers: &HeaderMap,
    content_type: &'static str,
    content: Bytes,
    tag: HeaderValue,
) -> Response<PageBody> {
    let known = headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let is_known = known
        .flat_map(|value| value.split(','))
        .any(|known| known.trim() == "*" || known.trim().trim_start_matches("W/") == tag);
    let mut response = match is_known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Response::new(PageBody::from(content)),
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(ETAG, tag);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(PAGE_POLICY),
    );
    response
}

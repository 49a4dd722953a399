//! The edge's own pages: where to go, documentation, OpenAPI, choosing a password, health.

use std::sync::{Arc, OnceLock};

use axum::body::Body as PageBody;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, IF_NONE_MATCH,
};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use net::readiness::Readiness;
use tower::ServiceExt as _;

use crate::failure::Failure;
use crate::profile::Profile;
use crate::reply::{self, Body};
use crate::validators::tag;

/// Nothing from elsewhere, nothing inline: the pages work without internet.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                           connect-src 'self'; base-uri 'none'; form-action 'none'; \
                           frame-ancestors 'none'";

/// Marks answers of the router that the edge words itself.
#[derive(Clone, Copy)]
enum Unanswered {
    NotFound,
    MethodNotAllowed,
}

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

/// Which pages there are beside health.
#[derive(Clone, Copy)]
pub(crate) struct Shown {
    /// Where to go, documentation, OpenAPI.
    pub(crate) docs: bool,
    /// Where the link leads by which a password is chosen.
    pub(crate) password: bool,
}

/// The pages.
pub(crate) struct Pages(axum::Router);

#[derive(Clone)]
struct Site {
    readiness: Readiness,
    openapi: Arc<OpenApi>,
    landing: Arc<str>,
}

/// The document, written when it is first asked for: the edge need not wait for it to start.
struct OpenApi {
    write: Box<dyn Fn() -> String + Send + Sync>,
    written: OnceLock<(Bytes, HeaderValue)>,
}

impl Pages {
    pub(crate) fn new(
        readiness: Readiness,
        shown: Shown,
        landing: &Landing,
        openapi: impl Fn() -> String + Send + Sync + 'static,
    ) -> Self {
        let openapi = OpenApi {
            write: Box::new(openapi),
            written: OnceLock::new(),
        };
        let site = Site {
            readiness,
            openapi: Arc::new(openapi),
            landing: landing.html().into(),
        };
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
        if shown.docs || shown.password {
            let style = asset("text/css", include_str!("pages/docs.css"));
            router = router.route("/docs/docs.css", style);
        }
        if shown.password {
            let page = asset(
                "text/html; charset=utf-8",
                include_str!("pages/password.html"),
            );
            let script = asset("text/javascript", include_str!("pages/password.js"));
            router = router
                .route("/reset-password", page)
                .route("/reset-password/password.js", script);
        }
        if shown.docs {
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
        let router = router
            .fallback(|| async { unanswered(Unanswered::NotFound) })
            .method_not_allowed_fallback(|| async { unanswered(Unanswered::MethodNotAllowed) });
        Self(router.with_state(site))
    }

    /// The page, or why there is none.
    pub(crate) async fn answer(
        &self,
        head: Parts,
        profile: &Profile,
    ) -> Result<Response<Body>, Failure> {
        let is_options = head.method == Method::OPTIONS;
        let request = Request::from_parts(head, PageBody::empty());
        let Ok(response) = self.0.clone().oneshot(request).await;
        match response.extensions().get() {
            None => {
                let (head, body) = response.into_parts();
                let body = axum::body::to_bytes(body, usize::MAX).await;
                let body = body.expect("pages are whole in memory");
                Ok(Response::from_parts(head, reply::whole(body)))
            }
            Some(Unanswered::NotFound) => Err(profile.no_route()),
            Some(Unanswered::MethodNotAllowed) if is_options => {
                Ok(reply::options("GET, HEAD, OPTIONS"))
            }
            Some(Unanswered::MethodNotAllowed) => {
                let allow = [Method::GET, Method::HEAD, Method::OPTIONS];
                Err(Failure::method_not_allowed(&allow))
            }
        }
    }
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

fn unanswered(why: Unanswered) -> Response<PageBody> {
    let mut response = Response::new(PageBody::empty());
    response.extensions_mut().insert(why);
    response
}

async fn alive() -> impl IntoResponse {
    axum::Json(serde_json::json!({ "status": "alive" }))
}

/// 503 until everything is there that the edge cannot do without.
async fn ready(State(site): State<Site>) -> impl IntoResponse {
    let report = site.readiness.report();
    let status = match report.is_ready() {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, axum::Json(report))
}

async fn landing_page(State(site): State<Site>, headers: HeaderMap) -> Response<PageBody> {
    let page = Bytes::copy_from_slice(site.landing.as_bytes());
    let tag = tag(&page);
    cached(&headers, "text/html; charset=utf-8", page, tag)
}

async fn openapi_document(State(site): State<Site>, headers: HeaderMap) -> Response<PageBody> {
    let (document, tag) = site.openapi.written.get_or_init(|| {
        let document = Bytes::from((site.openapi.write)());
        let tag = tag(&document);
        (document, tag)
    });
    cached(&headers, "application/json", document.clone(), tag.clone())
}

fn asset(content_type: &'static str, content: &'static str) -> MethodRouter<Site> {
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

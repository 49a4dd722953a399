//! The ops port: is it alive, is it ready and what does it wait for, what do the metrics say.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;

use crate::readiness::Readiness;
use crate::telemetry::Telemetry;

/// Answers `/livez`, `/healthz`, `/health`; `/readyz`, `/ready`; `/metrics`.
#[derive(Clone, Debug)]
pub struct Ops {
    readiness: Readiness,
    telemetry: Telemetry,
}

impl Ops {
    /// The ops port of a process.
    pub fn new(readiness: Readiness, telemetry: Telemetry) -> Ops {
        Ops {
            readiness,
            telemetry,
        }
    }

    /// The answer to a request; `None` for a path that is not of the ops port.
    pub fn answer(&self, method: &Method, path: &str) -> Option<Response<Full<Bytes>>> {
        let (status, content_type, body) = match path {
            "/livez" | "/healthz" | "/health" => (
                StatusCode::OK,
                "application/json",
                r#"{"status":"alive"}"#.to_owned(),
            ),
            "/readyz" | "/ready" => {
                let report = self.readiness.report();
                let ready = report.is_ready();
                let status = if ready {
                    StatusCode::OK
                } else {
                    StatusCode::SERVICE_UNAVAILABLE
                };
                let body = serde_json::to_string(&report).expect("a report is plain data");
                (status, "application/json", body)
            }
            "/metrics" => (
                StatusCode::OK,
                "text/plain; version=0.0.4",
                self.telemetry.prometheus(),
            ),
            _ => return None,
        };
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if !matches!(*method, Method::GET | Method::HEAD) {
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            response
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            *response.body_mut() = Full::default();
        }
        Some(response)
    }
}

impl<B> tower::Service<Request<B>> for Ops {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let answer = self.answer(request.method(), request.uri().path());
        ready(Ok(answer.unwrap_or_else(|| {
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        })))
    }
}

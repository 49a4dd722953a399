//! The forms of errors, by the profile.

use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, Response};
use runtime::status::{Reason, reason};
use serde_json::{Value, json};
use tonic::{Code, Status};

use super::{Failure, Origin, enveloped};
use crate::Edge;
use crate::call::Metadata;
use crate::problem::Told;
use crate::profile::Errors;
use crate::protocol::status;
use crate::reply::{self, Body, JSON};

const TEXT: HeaderValue = HeaderValue::from_static("text/plain");
/// As the upstream wrote them.
const STATUS: [&str; 3] = ["grpc-status", "grpc-message", "grpc-status-details-bin"];
const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");

impl Failure {
    /// The reply.
    pub(crate) fn response(&self, edge: &Edge) -> Response<Body> {
        match edge.profile.errors {
            Errors::Enveloped => {
                let (http, error) = self.error(&edge.transcoder);
                let mut response = reply::json(http, enveloped(&error));
                response.extensions_mut().insert(Told(error));
                self.explain(response.headers_mut());
                response
            }
            Errors::Status => {
                let status = self.rpc_status(edge);
                let body = match self.is_in_stream {
                    true => format!("{}\n", json!({ "error": status })),
                    false => status.to_string(),
                };
                let mut response = reply::json(self.http_status(), body);
                let headers = response.headers_mut();
                self.explain(headers);
                let said = self.said();
                if said.code() == Code::Unauthenticated
                    && self.is_of_upstream()
                    && let Ok(message) = HeaderValue::try_from(said.message())
                {
                    headers.insert(WWW_AUTHENTICATE, message);
                }
                response
            }
            Errors::Headers | Errors::Converted if !self.is_of_upstream() => self.in_words(),
            Errors::Headers => self.in_headers(),
            Errors::Converted => {
                let mut status = self.rpc_status(edge);
                if let Some(fields) = status.as_object_mut() {
                    fields.retain(|_, value| *value != json!("") && *value != json!([]));
                }
                reply::json(self.http_status(), status.to_string())
            }
        }
    }

    /// What the edge refuses itself, to whom a gRPC status would be news.
    fn in_words(&self) -> Response<Body> {
        let text = self.status.message().to_owned();
        let mut response = Response::new(reply::whole(text.into()));
        *response.status_mut() = self.http_status();
        response.headers_mut().insert(CONTENT_TYPE, TEXT);
        self.explain(response.headers_mut());
        response
    }

    fn in_headers(&self) -> Response<Body> {
        let comes_alone = |metadata: &Metadata| metadata.leading.is_empty();
        let (body, content_type) = match self.is_in_stream {
            true => (&b"[]"[..], JSON),
            false if self.beside().is_none_or(comes_alone) => (&b""[..], GRPC),
            false => (&b""[..], JSON),
        };
        let mut response = Response::new(reply::whole(body.into()));
        *response.status_mut() = self.http_status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, content_type);
        match &self.beside {
            Some(metadata) => {
                for name in STATUS {
                    if let Some(value) = metadata.status(name) {
                        headers.insert(name, value.clone());
                    }
                }
            }
            None => status::write(self.said(), headers),
        }
        response
    }

    /// `{"error": ...}`, as the last message of a stream.
    pub(crate) fn json(&self, edge: &Edge) -> String {
        match edge.profile.errors {
            Errors::Enveloped => enveloped(&self.error(&edge.transcoder).1),
            Errors::Status | Errors::Headers | Errors::Converted => {
                json!({ "error": self.rpc_status(edge) }).to_string()
            }
        }
    }

    /// What the upstream said, word for word.
    fn said(&self) -> &Status {
        match &self.origin {
            Origin::Altered(said) => said,
            Origin::Edge | Origin::Upstream => &self.status,
        }
    }

    fn is_of_upstream(&self) -> bool {
        !matches!(self.origin, Origin::Edge)
    }

    /// `google.rpc.Status`. The reasons of the edge and of its client stack stand in details that its
    /// clients have never heard of.
    fn rpc_status(&self, edge: &Edge) -> Value {
        let said = self.said();
        let is_ours = match reason(said) {
            Some(Reason::DependencyUnavailable | Reason::DeadlineExceeded) => true,
            _ => !self.is_of_upstream(),
        };
        let details = (!is_ours && !said.details().is_empty()).then(|| said.details());
        // Also one that is none of google.rpc.Code.
        let number = self.beside.as_ref().and_then(|metadata| {
            let code = metadata.status(STATUS[0])?;
            code.to_str().ok()?.parse().ok()
        });
        let code = number.unwrap_or(said.code() as i32);
        edge.transcoder.status(code, said.message(), details)
    }
}

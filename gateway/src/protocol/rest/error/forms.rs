//! Errors in the forms of other gateways.

use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, Response};
use serde_json::{Value, json};
use tonic::Code;

use crate::failure::{Failure, InsteadOf, Reason, Voice};
use crate::reply::{self, Body, JSON};
use crate::routing::Routing;
use crate::wire::said::Metadata;
use crate::wire::status as wire_status;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain");
/// As the upstream wrote them.
const STATUS: [&str; 3] = ["grpc-status", "grpc-message", "grpc-status-details-bin"];
const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");

/// As grpc-gateway tells it.
pub(super) fn status(failure: &Failure, routing: &Routing) -> Response<Body> {
    let voice = &routing.voice;
    let status = rpc_status(failure, routing);
    let body = match failure.instead_of() {
        InsteadOf::Reply => status.to_string(),
        InsteadOf::Messages | InsteadOf::Pieces => format!("{}\n", json!({ "error": status })),
    };
    let mut response = reply::json(failure.http_status(voice), body);
    let headers = response.headers_mut();
    failure.explain(&failure.told(voice), voice, headers);
    let said = failure.word_for_word(voice);
    if said.code() == Code::Unauthenticated
        && failure.is_of_upstream()
        && let Ok(message) = HeaderValue::try_from(said.message())
    {
        headers.insert(WWW_AUTHENTICATE, message);
    }
    response
}

/// As Envoy tells it with `convert_grpc_status`.
pub(super) fn converted(failure: &Failure, routing: &Routing) -> Response<Body> {
    let mut status = rpc_status(failure, routing);
    if let Some(fields) = status.as_object_mut() {
        fields.retain(|_, value| *value != json!("") && *value != json!([]));
    }
    reply::json(failure.http_status(&routing.voice), status.to_string())
}

/// What the gateway refuses itself, to whom a gRPC status would be news.
pub(super) fn in_words(failure: &Failure, voice: &Voice) -> Response<Body> {
    let told = failure.told(voice);
    let mut response = Response::new(reply::whole(told.message().to_owned().into()));
    *response.status_mut() = failure.http_status(voice);
    response.headers_mut().insert(CONTENT_TYPE, TEXT);
    failure.explain(&told, voice, response.headers_mut());
    response
}

/// As Envoy tells it.
pub(super) fn in_headers(failure: &Failure, voice: &Voice) -> Response<Body> {
    let comes_alone = |metadata: &Metadata| metadata.leading.is_empty();
    let (body, content_type) = match failure.instead_of() {
        InsteadOf::Messages => (&b"[]"[..], JSON),
        InsteadOf::Reply if failure.beside().is_none_or(comes_alone) => (&b""[..], GRPC),
        InsteadOf::Reply | InsteadOf::Pieces => (&b""[..], JSON),
    };
    let mut response = Response::new(reply::whole(body.into()));
    *response.status_mut() = failure.http_status(voice);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    match failure.beside() {
        Some(metadata) => {
            for name in STATUS {
                if let Some(value) = metadata.status(name) {
                    headers.insert(name, value.clone());
                }
            }
        }
        None => wire_status::write(&failure.word_for_word(voice), headers),
    }
    response
}

/// `google.rpc.Status`. The reasons of the gateway and of its client stack stand in details that its
/// clients have never heard of.
pub(super) fn rpc_status(failure: &Failure, routing: &Routing) -> Value {
    let voice = &routing.voice;
    let said = failure.word_for_word(voice);
    let is_ours = failure.is_of_gateway() || {
        let reason = voice.reason(&said);
        let ours = [Reason::DependencyUnavailable, Reason::DeadlineExceeded];
        reason.is_some_and(|reason| ours.iter().any(|ours| ours.name() == reason))
    };
    let details = (!is_ours && !said.details().is_empty()).then(|| said.details());
    // Also one that is none of google.rpc.Code.
    let number = failure.beside().and_then(|metadata| {
        let code = metadata.status(STATUS[0])?;
        code.to_str().ok()?.parse().ok()
    });
    let code = number.unwrap_or(said.code() as i32);
    routing.transcoder.status(code, said.message(), details)
}

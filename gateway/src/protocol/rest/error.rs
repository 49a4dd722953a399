//! Errors as clients of REST read them: the one JSON, or the form that the profile asks for. What no
//! protocol has recognised is told likewise.

use http::{Response, StatusCode};
use serde_json::{Value, json};
use tonic::Status;

use crate::failure::Failure;
use crate::profile::Errors;
use crate::reply::{self, Body};
use crate::routing::Routing;

mod forms;
mod paths;
pub(crate) mod problem;

use problem::ReplyError;

/// The reply.
pub(crate) fn response(failure: &Failure, routing: &Routing) -> Response<Body> {
    let voice = &routing.voice;
    match routing.profile.errors {
        Errors::Enveloped => {
            let told = failure.told(voice);
            let (http, error) = error(failure, &told, routing);
            let mut response = reply::json(http, enveloped(&error));
            response.extensions_mut().insert(ReplyError(error));
            failure.explain(&told, voice, response.headers_mut());
            response
        }
        Errors::Status => forms::status(failure, routing),
        Errors::Headers | Errors::Converted if !failure.is_of_upstream() => {
            forms::in_words(failure, voice)
        }
        Errors::Headers => forms::in_headers(failure, voice),
        Errors::Converted => forms::converted(failure, routing),
    }
}

/// `{"error": ...}`, as the last message of a stream.
pub(super) fn text(failure: &Failure, routing: &Routing) -> String {
    match routing.profile.errors {
        Errors::Enveloped => {
            let told = failure.told(&routing.voice);
            enveloped(&error(failure, &told, routing).1)
        }
        Errors::Status | Errors::Headers | Errors::Converted => {
            json!({ "error": forms::rpc_status(failure, routing) }).to_string()
        }
    }
}

/// The HTTP status and what is in the envelope.
fn error(failure: &Failure, told: &Status, routing: &Routing) -> (StatusCode, Value) {
    let details = (!told.details().is_empty()).then(|| told.details());
    let transcoder = &routing.transcoder;
    let (_, mut error) = transcoder.error(told.code() as i32, told.message(), details);
    let http = failure.http_status(&routing.voice);
    if let Some(code) = error.get_mut("code") {
        *code = http.as_u16().into();
    }
    if let Some(field) = failure.body_field().filter(|_| routing.voice.explains) {
        paths::tell_from_body(&mut error, field);
    }
    (http, error)
}

/// An error as the body of a reply, or as the last message of a stream.
fn enveloped(error: &Value) -> String {
    format!(r#"{{"error":{error}}}"#)
}

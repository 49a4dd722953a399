//! Errors as clients of REST read them: the one JSON, or the form that the profile asks for. What no
//! protocol has recognised is told likewise.

use http::{Response, StatusCode};
use serde_json::{Value, json};
use transcoder::Transcoder;

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
    let transcoder = &routing.transcoder;
    match routing.profile.errors {
        Errors::Enveloped => {
            let (http, error) = error(failure, transcoder);
            let mut response = reply::json(http, enveloped(&error));
            response.extensions_mut().insert(ReplyError(error));
            failure.explain(response.headers_mut());
            response
        }
        Errors::Status => forms::status(failure, transcoder),
        Errors::Headers | Errors::Converted if !failure.is_of_upstream() => {
            forms::in_words(failure)
        }
        Errors::Headers => forms::in_headers(failure),
        Errors::Converted => forms::converted(failure, transcoder),
    }
}

/// `{"error": ...}`, as the last message of a stream.
pub(super) fn text(failure: &Failure, routing: &Routing) -> String {
    let transcoder = &routing.transcoder;
    match routing.profile.errors {
        Errors::Enveloped => enveloped(&error(failure, transcoder).1),
        Errors::Status | Errors::Headers | Errors::Converted => {
            json!({ "error": forms::rpc_status(failure, transcoder) }).to_string()
        }
    }
}

/// The HTTP status and what is in the envelope.
fn error(failure: &Failure, transcoder: &Transcoder) -> (StatusCode, Value) {
    let status = failure.status();
    let details = (!status.details().is_empty()).then(|| status.details());
    let (_, mut error) = transcoder.error(status.code() as i32, status.message(), details);
    let http = failure.http_status();
    if let Some(code) = error.get_mut("code") {
        *code = http.as_u16().into();
    }
    if let Some(field) = failure.body_field() {
        paths::tell_from_body(&mut error, field);
    }
    (http, error)
}

/// An error as the body of a reply, or as the last message of a stream.
fn enveloped(error: &Value) -> String {
    format!(r#"{{"error":{error}}}"#)
}

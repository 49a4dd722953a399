//! Errors as problem details (RFC 9457), for a client that accepts them by name.

use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use crate::accept;
use crate::reply::{self, Body};

const PROBLEM: &str = "application/problem+json";
const JSON: &str = "application/json";

/// The error that a reply tells of, as its extension: what is in `{"error": ...}`.
#[derive(Clone, Debug)]
pub(crate) struct ReplyError(pub(crate) Value);

/// Whether the client likes problems at least as much as other JSON, and says so by name.
pub(crate) fn is_wanted(headers: &HeaderMap) -> bool {
    let names_it = |value: &HeaderValue| {
        let mut windows = value.as_bytes().windows(PROBLEM.len());
        windows.any(|window| window.eq_ignore_ascii_case(PROBLEM.as_bytes()))
    };
    headers.get_all(ACCEPT).iter().any(names_it)
        && accept::preferred(headers, ACCEPT, &[(true, &[PROBLEM]), (false, &[JSON])])
            .unwrap_or(false)
}

/// The same error in the other form.
pub(crate) fn instead(mut response: Response<Body>, request_id: &str) -> Response<Body> {
    let Some(ReplyError(error)) = response.extensions_mut().remove::<ReplyError>() else {
        return response;
    };
    let problem = problem(response.status(), &error, request_id);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
    headers.remove(CONTENT_LENGTH);
    response.map(|_| reply::whole(problem.to_string().into()))
}

/// `type` and `title` are those of the ErrorInfo; without one, those of the HTTP status.
fn problem(status: StatusCode, error: &Value, request_id: &str) -> Value {
    let details = error["details"].as_array();
    let info = details.and_then(|details| {
        let mut infos = details.iter().filter(|one| one["reason"].is_string());
        infos.find(|one| one["@type"] == "type.googleapis.com/google.rpc.ErrorInfo")
    });
    let (kind, title) = match info {
        Some(info) => {
            let (domain, reason) = (&info["domain"], &info["reason"]);
            let (domain, reason) = (domain.as_str(), reason.as_str().unwrap_or_default());
            let kind = format!("urn:problem:{}:{reason}", domain.unwrap_or_default());
            (kind, in_words(reason))
        }
        None => {
            let title = status.canonical_reason().unwrap_or("Error");
            ("about:blank".to_owned(), title.to_owned())
        }
    };
    json!({
        "type": kind,
        "title": title,
        "status": status.as_u16(),
        "detail": error["message"],
        "instance": format!("urn:request:{request_id}"),
        "code": error["status"],
        "details": error["details"],
    })
}

/// `RATE_LIMITED` is `Rate limited`.
fn in_words(reason: &str) -> String {
    let words = reason.to_ascii_lowercase().replace('_', " ");
    let mut letters = words.chars();
    match letters.next() {
        Some(first) => first.to_ascii_uppercase().to_string() + letters.as_str(),
        None => words,
    }
}

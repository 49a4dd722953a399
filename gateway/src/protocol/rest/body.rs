//! Who reads the body of a request, by its content type and by what its route takes.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use transcoder::{Content, Matched};

use super::json;
use crate::admitted::Admitted;
use crate::body::Incoming;
use crate::failure::Failure;

mod multipart;
mod upload;

use multipart::Form;
pub(super) use upload::upload;

/// The request message of a body that is taken whole.
pub(super) async fn message(
    admitted: &Admitted<'_>,
    matched: &Matched,
    head: &Parts,
    body: Incoming,
) -> Result<Bytes, Failure> {
    let (route, headers) = (matched.route(), &head.headers);
    let body = admitted.body(headers, body).await?;
    if route.takes_http_body() {
        return raw(matched, head, &body);
    }
    let takes_body = !matches!(route.body(), transcoder::Body::None);
    let content = match takes_body && !body.is_empty() {
        true => content(admitted, headers, &body)?,
        false => Content::Json(&body),
    };
    matched
        .request_of(head.uri.query(), content)
        .map_err(|error| Failure::unfit(error, route))
}

/// The request message of a form that belongs to the query.
pub(super) async fn query(
    admitted: &Admitted<'_>,
    matched: &Matched,
    head: &Parts,
    body: Incoming,
) -> Result<Bytes, Failure> {
    let form = admitted.body(&head.headers, body).await?;
    let form = std::str::from_utf8(&form);
    let form = form.map_err(|_| Failure::malformed("the form is not percent-encoded"))?;
    let query = match head.uri.query() {
        Some(query) => format!("{form}&{query}"),
        None => form.to_owned(),
    };
    matched
        .request_of(Some(&query), Content::Json(b""))
        .map_err(|error| Failure::unfit(error, matched.route()))
}

/// JSON, or a form where forms are taken.
fn content<'b>(
    admitted: &Admitted<'_>,
    headers: &HeaderMap,
    body: &'b [u8],
) -> Result<Content<'b>, Failure> {
    let takes_forms = admitted.settings().mapping.form_bodies;
    if takes_forms && headers.get(CONTENT_TYPE).is_some_and(is_form) {
        return Ok(Content::Form(body));
    }
    if !admitted.routing().profile.takes_any_media_type {
        json::check_name(headers)?;
    }
    Ok(Content::Json(body))
}

/// Percent-encoded bytes are UTF-8 whatever the charset is said to be (WHATWG URL, 5.1).
pub(super) fn is_form(value: &HeaderValue) -> bool {
    let essence = value.as_bytes().split(|byte| *byte == b';').next();
    let essence = essence.unwrap_or_default().trim_ascii();
    essence.eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
}

/// A body that goes on as it is, or the file of a form.
fn raw(matched: &Matched, head: &Parts, body: &[u8]) -> Result<Bytes, Failure> {
    let content_type = content_type(&head.headers)?;
    let query = head.uri.query();
    let message = match Form::of(content_type, query, matched.route())? {
        None => matched.request_of(
            query,
            Content::Raw {
                content_type,
                data: body,
            },
        ),
        Some(mut form) => {
            form.push(body);
            let mut data = Vec::with_capacity(body.len());
            while let Some(piece) = form.next()? {
                data.extend_from_slice(&piece);
            }
            let content_type = form.end()?;
            let content = Content::Raw {
                content_type,
                data: &data,
            };
            matched.request_of(Some(form.query()), content)
        }
    };
    message.map_err(|error| Failure::unfit(error, matched.route()))
}

fn content_type(headers: &HeaderMap) -> Result<&str, Failure> {
    let unreadable = |_| Failure::malformed("content-type: expected visible ASCII");
    match headers.get(CONTENT_TYPE) {
        None => Ok(""),
        Some(value) => value.to_str().map_err(unreadable),
    }
}

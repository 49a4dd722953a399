//! Replies that are no JSON: `google.api.HttpBody`.

use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use tokio::time::{Instant, timeout_at};
use transcoder::{HttpBody, Route};

use crate::call::replies::Messages;
use crate::failure::{Failure, Problem};
use crate::reply::{self, Body, Cut};

/// What a body is if nobody says (RFC 9110 section 8.3).
const UNKNOWN: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// The reply of one message.
pub(super) fn whole(
    route: &Route,
    success: StatusCode,
    message: Bytes,
) -> Result<Response<Body>, Failure> {
    let (content_type, data) = read(route, message)?;
    let mut response = Response::new(reply::whole(data));
    *response.status_mut() = success;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    Ok(response)
}

/// The reply of a stream of messages, each of them a piece of it. The first one says what it is; it
/// has until the deadline. A stream that breaks off later breaks the reply off, so that nobody takes
/// the part for the whole.
pub(super) async fn stream(
    route: Arc<Route>,
    success: StatusCode,
    mut messages: Messages,
    deadline: Instant,
) -> Result<Response<Body>, Failure> {
    let first = timeout_at(deadline, messages.next()).await;
    let first = first.map_err(|_| Problem::deadline_exceeded())??;
    let (content_type, data) = match first {
        Some(message) => read(&route, message)?,
        None => (UNKNOWN, Bytes::new()),
    };
    let pieces = futures::stream::unfold(Some((Some(data), messages)), move |state| {
        let route = route.clone();
        async move {
            let (first, mut messages) = state?;
            if let Some(data) = first {
                return Some((Ok(data), Some((None, messages))));
            }
            let piece = messages.next().await;
            let piece = piece.and_then(|message| match message {
                Some(message) => read(&route, message).map(|(_, data)| Some(data)),
                None => Ok(None),
            });
            match piece {
                Ok(Some(data)) => Some((Ok(data), Some((None, messages)))),
                Ok(None) => None,
                Err(failure) => {
                    tracing::debug!(error = failure.message(), "a download broke off");
                    Some((Err(Cut), None))
                }
            }
        }
    });
    let mut response = reply::pieces(content_type, pieces);
    *response.status_mut() = success;
    Ok(response)
}

fn read(route: &Route, message: Bytes) -> Result<(HeaderValue, Bytes), Failure> {
    let body = route.http_body(message);
    let HttpBody { content_type, data } = body.map_err(|error| Problem::internal(&error))?;
    let content_type = match content_type.is_empty() {
        true => UNKNOWN,
        false => HeaderValue::try_from(content_type).map_err(|error| Problem::internal(&error))?,
    };
    Ok((content_type, data))
}

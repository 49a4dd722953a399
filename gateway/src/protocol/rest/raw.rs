//! Replies that are no JSON: `google.api.HttpBody`.

use std::future::ready;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use net::telemetry::code_name;
use tokio::time::{Instant, timeout_at};
use transcoder::{HttpBody, Route};

use super::error;
use crate::call::replies::Messages;
use crate::failure::{Failure, Problem};
use crate::reply::{self, Body, Cut};
use crate::routing::Routing;
use crate::wire::framing::Framing;

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
/// has until the deadline. A stream that breaks off later ends in a line that says so, where the
/// profile has it so, and otherwise breaks the reply off, so that nobody takes the part for the whole.
pub(super) async fn stream(
    routing: Arc<Routing>,
    route: Arc<Route>,
    success: StatusCode,
    mut messages: Messages,
    deadline: Instant,
) -> Result<Response<Body>, Failure> {
    let first = timeout_at(deadline, messages.next()).await;
    let first = first.map_err(|_| Problem::deadline_exceeded())??;
    let (content_type, first) = match first {
        Some(message) => read(&route, message)?,
        None => (UNKNOWN, Bytes::new()),
    };
    let following = futures::stream::unfold(Some(messages), move |messages| {
        let (route, routing) = (route.clone(), routing.clone());
        async move {
            let mut messages = messages?;
            let message = messages.next().await.transpose()?;
            match message.and_then(|message| read(&route, message)) {
                Ok((_, data)) => Some((Ok(data), Some(messages))),
                Err(failure) => Some((broken(&failure, &routing), None)),
            }
        }
    });
    let first = futures::stream::once(ready(Ok(first)));
    let mut response = reply::pieces(content_type, first.chain(following));
    *response.status_mut() = success;
    Ok(response)
}

/// The last piece of a stream that broke off, or its bad end.
fn broken(failure: &Failure, routing: &Routing) -> Result<Bytes, Cut> {
    tracing::debug!(code = code_name(failure.code()), "a download broke off");
    match routing.profile.framing {
        Some(Framing::Results) => Ok(format!("\n{}\n", error::text(failure, routing)).into()),
        _ => Err(Cut),
    }
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

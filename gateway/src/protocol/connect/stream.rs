//! Streams of messages in envelopes, the last of which says how it ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt as _;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response};
use hyper::body::Frame;
use serde_json::{Value, json};

use super::declared::{ACCEPT_ENCODING, CONTENT_ENCODING};
use super::{check_version, error};
use crate::admitted::Admitted;
use crate::body::Incoming;
use crate::call::codec::Codec;
use crate::call::coding::{accepted, coding};
use crate::call::replies::Reply;
use crate::call::transcoded::{Reading, ReplyMessages, RequestMessages};
use crate::failure::Failure;
use crate::metadata;
use crate::policy::Served;
use crate::reply::{self, Body};
use crate::routing::Routing;
use crate::wire::envelope;

/// The flag of the envelope that says how the stream ended.
const END: u8 = 2;

/// A call.
pub(crate) struct Stream {
    pub(super) served: Arc<Served>,
    codec: Codec,
}

impl Stream {
    pub(super) fn new(served: Arc<Served>, codec: Codec) -> Self {
        Self { served, codec }
    }
}

impl Stream {
    pub(super) async fn serve(
        &self,
        admitted: Admitted<'_>,
        head: &Parts,
        body: Incoming,
    ) -> Result<Response<Body>, Failure> {
        check_version(&head.headers)?;
        let reading = Reading {
            served: self.served.clone(),
            codec: self.codec,
            coding: coding(head.headers.get(CONTENT_ENCODING))?,
            limit: admitted.message_limit(self.codec),
        };
        let call = admitted.call(&head.headers)?;
        let (leading, replies) = if self.served.is_client_streaming() {
            let messages = RequestMessages::of(reading);
            let calling = admitted.stream(&call, body, None, messages);
            calling.await?
        } else {
            let body = admitted.message(&head.headers, body, self.codec).await?;
            let frame = reading.only(&body.content)?;
            admitted.frames(&call, frame).await?
        };
        let packing = accepted(&head.headers.get_all(ACCEPT_ENCODING));
        let (served, limit) = (self.served.clone(), admitted.reply_limit());
        let messages = ReplyMessages::of(served, self.codec, replies, packing, limit);
        let routing = admitted.routing().clone();
        let frames = messages.parts().map(move |reply| {
            Frame::data(match reply {
                Reply::Data(envelope) => envelope,
                Reply::End(ended) => {
                    let end = end(&routing, ended.failure.as_ref(), &ended.metadata);
                    envelope::write(END, end.as_bytes())
                }
            })
        });
        let mut headers = metadata::returned(&leading);
        if let Some(coding) = packing {
            let name = HeaderValue::from_static(coding.name());
            headers.insert(CONTENT_ENCODING, name);
        }
        Ok(reply::frames(self.content_type(), headers, frames))
    }

    pub(super) fn refusal(&self, routing: &Routing, failure: &Failure) -> Response<Body> {
        let end = end(routing, Some(failure), failure.metadata());
        let end = envelope::write(END, end.as_bytes());
        let mut response = Response::new(reply::whole(end));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, self.content_type());
        response
    }

    fn content_type(&self) -> HeaderValue {
        HeaderValue::from_static(match self.codec {
            Codec::Json => "application/connect+json",
            Codec::Proto => "application/connect+proto",
        })
    }
}

/// EndStreamResponse: `{"error": ..., "metadata": {"name": ["value"]}}`, both if there is something.
fn end(routing: &Routing, failure: Option<&Failure>, metadata: &HeaderMap) -> String {
    let mut end = json!({});
    if let Some(failure) = failure {
        end["error"] = error::error(routing, &failure.told(&routing.voice));
    }
    let mut named = BTreeMap::<&str, Vec<&str>>::new();
    for (name, value) in metadata {
        if let Ok(value) = value.to_str() {
            named.entry(name.as_str()).or_default().push(value);
        }
    }
    if !named.is_empty() {
        end["metadata"] = Value::from_iter(named);
    }
    end.to_string()
}

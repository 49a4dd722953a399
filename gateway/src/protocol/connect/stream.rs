//! Streams of messages in envelopes, the last of which says how it ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response};
use hyper::body::{Frame, Incoming};
use net::coding::Coding;
use serde_json::{Value, json};
use tonic::Code;

use super::compression::{self, accepted, coding, unpack};
use super::declared::{ACCEPT_ENCODING, CONTENT_ENCODING};
use super::{Codec, check_version, error};
use crate::admitted::Admitted;
use crate::call::replies::{End, Replies, Reply};
use crate::call::requests::{self, Refused, Requests};
use crate::call::step::Step;
use crate::failure::{Failure, Problem, Reason};
use crate::metadata;
use crate::policy::Served;
use crate::reply::{self, Body};
use crate::routing::Routing;
use crate::wire::envelope::{self, Envelopes};

/// The flag of a compressed message.
const COMPRESSED: u8 = 1;
/// The flag of the envelope that says how the stream ended.
const END: u8 = 2;

/// A call.
pub(crate) struct Stream {
    pub(super) served: Arc<Served>,
    codec: Codec,
}

/// What the client's envelopes are read by.
struct Reading {
    served: Arc<Served>,
    codec: Codec,
    coding: Option<Coding>,
    limit: usize,
}

impl Reading {
    /// An envelope as a frame of gRPC.
    fn frame(&self, flags: u8, message: Bytes) -> Result<Bytes, Failure> {
        let message = match (flags, self.coding) {
            (0, _) => message,
            (COMPRESSED, Some(coding)) => unpack(coding, &message, self.limit)?,
            (COMPRESSED, None) => {
                // Connect, Streaming-Request: internal.
                let (reason, message) =
                    (Reason::MalformedRequest, "a message in an unnamed coding");
                return Err(Problem::new(reason, Code::Internal, message).into());
            }
            _ => return Err(Failure::malformed("an envelope with unknown flags")),
        };
        let message = self.codec.request(&self.served, message)?;
        Ok(envelope::write(0, &message))
    }
}

/// A stream of envelopes.
struct RequestMessages {
    reading: Reading,
    envelopes: Envelopes,
}

impl Step for RequestMessages {
    fn step(&mut self, piece: Option<Bytes>) -> Result<Bytes, Failure> {
        let Some(piece) = piece else {
            let cut = || Failure::malformed("the body ended before its end");
            let is_whole = self.envelopes.is_empty();
            return is_whole.then(Bytes::new).ok_or_else(cut);
        };
        self.envelopes.push(&piece);
        let mut frames = BytesMut::new();
        while let Some((flags, message)) = self.envelopes.next()? {
            frames.extend_from_slice(&self.reading.frame(flags, message)?);
        }
        Ok(frames.freeze())
    }

    fn has_begun(&self) -> bool {
        !self.envelopes.is_empty()
    }

    fn held(&self) -> usize {
        self.envelopes.held()
    }
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
        let limit = admitted.message_limit(self.codec.form());
        let reading = Reading {
            served: self.served.clone(),
            codec: self.codec,
            coding: coding(head.headers.get(CONTENT_ENCODING))?,
            limit,
        };
        let call = admitted.call(&head.headers)?;
        let refused;
        let response = if self.served.is_client_streaming() {
            let envelopes = Envelopes::of_at_most(limit);
            let messages = RequestMessages { reading, envelopes };
            let (requests, why) = Requests::new(body, None, admitted.allowance(), messages);
            refused = why;
            admitted
                .while_allowed(Box::pin(call.stream(HeaderMap::new(), requests)))
                .await?
                .map_err(|status| requests::failed(status, &refused))?
        } else {
            let form = self.codec.form();
            let body = admitted.message(&head.headers, body, form).await?;
            let (flags, message) = envelope::single(&body.content, limit)?;
            let frame = reading.frame(flags, message)?;
            refused = Refused::default();
            admitted
                .while_allowed(Box::pin(call.frames(HeaderMap::new(), frame)))
                .await??
        };
        let (leading, replies) = Replies::of(response, Some(admitted.lifetime()), refused);
        let packing = accepted(&head.headers.get_all(ACCEPT_ENCODING));
        let live = Live {
            routing: admitted.routing().clone(),
            served: self.served.clone(),
            codec: self.codec,
            replies: Some(replies),
            packing,
            envelopes: Envelopes::of_at_most(admitted.reply_limit()),
        };
        let frames = futures::stream::unfold(live, |mut live| async move {
            live.next().await.map(|bytes| (Frame::data(bytes), live))
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

/// Replies on their way to the client. It reads from upstream when the client takes.
struct Live {
    routing: Arc<Routing>,
    served: Arc<Served>,
    codec: Codec,
    replies: Option<Replies>,
    /// For messages that are large enough.
    packing: Option<Coding>,
    envelopes: Envelopes,
}

impl Live {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            let message = match self.envelopes.next() {
                Ok(Some((_, message))) => self.codec.response(&self.served, message),
                Ok(None) => match self.replies.as_mut()?.next().await? {
                    Reply::Data(data) => {
                        self.envelopes.push(&data);
                        continue;
                    }
                    Reply::End(ended) => return Some(self.end(&ended)),
                },
                Err(error) => Err(error.into()),
            };
            return Some(match message {
                Ok(message) => match self.packing {
                    Some(coding) if message.len() > compression::MIN_BYTES => {
                        envelope::write(COMPRESSED, &coding.pack(&message))
                    }
                    _ => envelope::write(0, &message),
                },
                Err(failure) => self.end(&End::failed(failure)),
            });
        }
    }

    fn end(&mut self, ended: &End) -> Bytes {
        self.replies = None;
        self.envelopes = Envelopes::of_at_most(0);
        let end = end(&self.routing, ended.failure.as_ref(), &ended.metadata);
        envelope::write(END, end.as_bytes())
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

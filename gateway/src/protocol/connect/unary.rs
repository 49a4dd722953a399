//! One message each way, as the bodies of HTTP.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use super::declared::TRAILER;
use super::{check_version, error};
use crate::admitted::Admitted;
use crate::body::Incoming;
use crate::call::codec::Codec;
use crate::call::coding::{coding, unpack};
use crate::call::replies::{Replies, Reply};
use crate::call::requests::Refused;
use crate::failure::{Failure, Problem};
use crate::metadata;
use crate::policy::Served;
use crate::reply::{self, Body};
use crate::routing::Routing;
use crate::wire::envelope;
use crate::wire::status::LENIENT_URL;

/// A call.
pub(crate) struct Unary {
    pub(super) served: Arc<Served>,
    query: Query,
    codec: Codec,
}

/// The query of a GET.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    encoding: Option<String>,
    message: Option<Vec<u8>>,
    is_base64: bool,
    compression: Option<String>,
}

impl Query {
    /// `None` without `connect=v1`.
    pub(super) fn of(query: &str) -> Option<Self> {
        let mut read = Self::default();
        let mut is_ours = false;
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "connect" => is_ours = value == "v1",
                "encoding" => read.encoding = Some(value.into_owned()),
                "message" => read.message = Some(value.into_owned().into_bytes()),
                "base64" => read.is_base64 = value == "1",
                "compression" => read.compression = Some(value.into_owned()),
                _ => {}
            }
        }
        is_ours.then_some(read)
    }

    pub(super) fn codec(&self) -> Option<Codec> {
        Codec::named(self.encoding.as_ref()?.as_bytes())
    }

    /// The message as it was before it was put into a query.
    fn message(&self, limit: usize) -> Result<Bytes, Failure> {
        let message = self.message.as_deref();
        let message = message.ok_or_else(|| Failure::malformed("message: missing"))?;
        let no_base64 = |_| Failure::malformed("message: no base64 of URLs");
        let message: Cow<'_, [u8]> = match self.is_base64 {
            true => LENIENT_URL.decode(message).map_err(no_base64)?.into(),
            false => message.into(),
        };
        let name = self.compression.as_deref().map(HeaderValue::from_str);
        let name = name.transpose();
        let name = name.map_err(|_| Failure::malformed("compression: unknown"))?;
        let message = Bytes::from(message.into_owned());
        match coding(name.as_ref())? {
            Some(coding) => unpack(coding, &message, limit),
            None => Ok(message),
        }
    }
}

impl Unary {
    pub(super) fn new(served: Arc<Served>, query: Query, codec: Codec) -> Self {
        Self {
            served,
            query,
            codec,
        }
    }

    async fn message(
        &self,
        admitted: &Admitted<'_>,
        head: &Parts,
        body: Incoming,
    ) -> Result<Bytes, Failure> {
        let limit = admitted.message_limit(self.codec);
        if self.query != Query::default() {
            return self.query.message(limit);
        }
        let coding = coding(head.headers.get(CONTENT_ENCODING))?;
        let mut whole = admitted.message(&head.headers, body, self.codec).await?;
        match coding {
            Some(coding) => {
                let unpacked = whole.unpack(coding, limit)?;
                unpacked.ok_or_else(|| Failure::message_too_large(limit))
            }
            None => Ok(whole.content),
        }
    }
}

impl Unary {
    pub(super) async fn serve(
        &self,
        admitted: Admitted<'_>,
        head: &Parts,
        body: Incoming,
    ) -> Result<Response<Body>, Failure> {
        check_version(&head.headers)?;
        let message = self.message(&admitted, head, body).await?;
        let message = self.codec.request(&self.served, message)?;
        let call = admitted.call(&head.headers)?;
        let response = call.frames(envelope::write(0, &message)).await?;
        let (leading, replies) = Replies::of(response, None, Refused::default(), None);
        let limit = admitted.reply_limit();
        let (message, trailing) = match single(replies, limit).await {
            Ok(reply) => reply,
            Err(failure) => return Err(failure.led_by(leading)),
        };
        let message = self.codec.response(&self.served, message)?;

        let mut response = Response::new(reply::whole(message.clone()));
        let headers = response.headers_mut();
        *headers = metadata::returned(&leading);
        headers.extend(trailers(&trailing));
        let content_type = match self.codec {
            Codec::Json => "application/json",
            Codec::Proto => "application/proto",
        };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        // Only a route knows where the reply has its etag.
        let (validators, is_of_nobody) = (&self.served.policy.validators, admitted.is_of_nobody());
        validators.conclude(head, is_of_nobody, &[], &message, response)
    }
}

/// An error instead of the reply.
pub(super) fn refusal(routing: &Routing, failure: &Failure) -> Response<Body> {
    let voice = &routing.voice;
    let told = failure.told(voice);
    let error = error::error(routing, &told).to_string();
    let code = transcoder::status::Code::from(told.code() as i32);
    let status = StatusCode::from_u16(code.http_status());
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = reply::json(status, error);
    let headers = response.headers_mut();
    if let Some(beside) = failure.beside() {
        headers.extend(metadata::returned(&beside.leading));
    }
    headers.extend(trailers(failure.metadata()));
    failure.explain(&told, voice, headers);
    response
}

/// The only message of a reply, and its trailing metadata.
async fn single(mut replies: Replies, limit: usize) -> Result<(Bytes, HeaderMap), Failure> {
    let mut bytes = BytesMut::new();
    while let Some(reply) = replies.next().await {
        match reply {
            Reply::Data(data) => {
                bytes.extend_from_slice(&data);
                if bytes.len() > limit + envelope::HEADER {
                    return Err(Failure::message_too_large(limit));
                }
            }
            Reply::End(end) => {
                if let Some(failure) = end.failure {
                    return Err(failure);
                }
                let (_, message) = envelope::single(&bytes.freeze(), limit)
                    .map_err(|error| Problem::internal(&error))?;
                return Ok((message, end.metadata));
            }
        }
    }
    Err(Problem::unavailable("the end of the reply").into())
}

/// Trailing metadata as headers.
fn trailers(metadata: &HeaderMap) -> impl Iterator<Item = (HeaderName, HeaderValue)> + '_ {
    metadata.iter().filter_map(|(name, value)| {
        let name = HeaderName::try_from(format!("{TRAILER}{name}")).ok()?;
        Some((name, value.clone()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_get_has_its_message_in_the_query() {
        assert_eq!(Query::of("encoding=json&message={}"), None);
        let query = Query::of("connect=v1&encoding=json&message=%7B%7D").unwrap();
        assert_eq!(
            (query.codec(), query.message(9).unwrap()),
            (Some(Codec::Json), "{}".into())
        );
        for text in ["-_8", "-_8="] {
            let query = format!("connect=v1&encoding=proto&base64=1&message={text}");
            let message = Query::of(&query).unwrap().message(9).unwrap();
            assert_eq!(message, &[0xfb, 0xff][..]);
        }
        for wrong in ["", "&message=~&base64=1", "&message=a&compression=br"] {
            let query = Query::of(&format!("connect=v1&encoding=proto{wrong}")).unwrap();
            assert!(query.message(9).is_err(), "{wrong}");
        }
    }
}

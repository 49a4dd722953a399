//! The Connect protocol (connectrpc.com/docs/protocol): unary calls as plain HTTP, streams as
//! envelopes, messages in JSON or protobuf.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, HeaderName};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response};
use runtime::contract::Idempotency;
use runtime::status::Problem;

use super::Recognised;
use crate::Edge;
use crate::failure::Failure;
use crate::pipeline::Form;
use crate::policy::Served;
use crate::reply::Body;

mod compression;
mod error;
mod stream;
mod unary;

pub(crate) use stream::Stream;
use unary::Query;
pub(crate) use unary::Unary;

/// Version 1 is the only one.
pub(super) const VERSION: &str = "connect-protocol-version";
const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");

/// How messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Codec {
    Json,
    Proto,
}

impl Codec {
    fn named(name: &[u8]) -> Option<Self> {
        match name {
            b"json" => Some(Self::Json),
            b"proto" => Some(Self::Proto),
            _ => None,
        }
    }

    /// Of a media type that begins with `prefix`. JSON may say that it is UTF-8.
    fn of(content_type: &[u8], prefix: &str) -> Option<Self> {
        let text = std::str::from_utf8(content_type).ok()?.to_ascii_lowercase();
        let mut parts = text.strip_prefix(prefix)?.split(';').map(str::trim);
        let codec = Self::named(parts.next()?.as_bytes())?;
        let is_plain = |part: &str| {
            let charset = part.strip_prefix("charset=");
            codec == Self::Json
                && charset.is_some_and(|charset| charset.trim_matches('"') == "utf-8")
        };
        parts.all(is_plain).then_some(codec)
    }

    fn form(self) -> Form {
        match self {
            Self::Json => Form::Json,
            Self::Proto => Form::Wire,
        }
    }

    fn request(self, served: &Served, message: Bytes) -> Result<Bytes, Failure> {
        match self {
            Self::Proto => Ok(message),
            Self::Json => served.method.request(&message).map_err(Failure::unreadable),
        }
    }

    fn response(self, served: &Served, message: Bytes) -> Result<Bytes, Failure> {
        match self {
            Self::Proto => Ok(message),
            Self::Json => match served.method.response(&message) {
                Ok(json) => Ok(json.into()),
                Err(error) => Err(Problem::internal(&error).into()),
            },
        }
    }
}

/// Whether the client says that this is its protocol.
pub(super) fn is_named(head: &Parts) -> bool {
    head.headers.contains_key(VERSION)
}

/// The unary call that a request is; none if its path is no method, or if it may be for REST.
pub(super) fn unary(edge: &Edge, head: &Parts) -> Option<Recognised> {
    let served = edge.policies.method(head.uri.path())?;
    match head.method {
        Method::POST => {
            let content_type = head.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
            let codec = content_type.and_then(|name| Codec::of(name, "application/"));
            Some(match codec.filter(|_| !served.policy.is_streaming) {
                Some(codec) => {
                    Recognised::Connect(Unary::new(served.clone(), Query::default(), codec))
                }
                None => unsupported(edge, served),
            })
        }
        Method::GET | Method::HEAD => {
            let query = Query::of(head.uri.query()?)?;
            let reads = served.idempotency == Idempotency::NoSideEffects;
            if !reads || served.policy.is_streaming {
                let failure = Failure::method_not_allowed(&[Method::POST]);
                return Some(Recognised::Answer(failure.response(edge)));
            }
            Some(match query.codec() {
                Some(codec) => Recognised::Connect(Unary::new(served.clone(), query, codec)),
                None => unsupported(edge, served),
            })
        }
        _ => None,
    }
}

/// The call with streams that a request with this media type is.
pub(super) fn stream(edge: &Edge, head: &Parts, content_type: &[u8]) -> Recognised {
    let Some(served) = edge.policies.method(head.uri.path()) else {
        return Recognised::Answer(Failure::no_route().response(edge));
    };
    if head.method != Method::POST {
        let failure = Failure::method_not_allowed(&[Method::POST]);
        return Recognised::Answer(failure.response(edge));
    }
    let codec = Codec::of(content_type, "application/connect+");
    match codec.filter(|_| served.policy.is_streaming) {
        Some(codec) => Recognised::ConnectStream(Stream::new(served.clone(), codec)),
        None => unsupported(edge, served),
    }
}

/// 415, with what would do instead.
fn unsupported(edge: &Edge, served: &Arc<Served>) -> Recognised {
    let accepted = match served.policy.is_streaming {
        true => "application/connect+json, application/connect+proto",
        false => "application/json, application/proto",
    };
    let failure = Failure::unsupported_content(&format!("this method takes {accepted}"));
    let mut response: Response<Body> = failure.response(edge);
    let headers = response.headers_mut();
    headers.insert(ACCEPT_POST, HeaderValue::from_static(accepted));
    headers.insert(ALLOW, HeaderValue::from_static("POST"));
    Recognised::Answer(response)
}

fn check_version(headers: &HeaderMap) -> Result<(), Failure> {
    match headers.get(VERSION) {
        Some(version) if version != "1" => {
            Err(Failure::malformed(format!("{VERSION}: the only one is 1")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codec_is_told_by_the_media_type() {
        let unary = |name: &str| Codec::of(name.as_bytes(), "application/");
        assert_eq!(unary("application/json"), Some(Codec::Json));
        assert_eq!(unary("Application/JSON; charset=UTF-8"), Some(Codec::Json));
        assert_eq!(unary("application/proto"), Some(Codec::Proto));
        assert_eq!(unary("application/json; charset=latin1"), None);
        assert_eq!(unary("application/x-protobuf"), None);
        let stream = Codec::of(b"application/connect+proto", "application/connect+");
        assert_eq!(stream, Some(Codec::Proto));
    }
}

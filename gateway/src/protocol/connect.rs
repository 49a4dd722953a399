//! The Connect protocol (connectrpc.com/docs/protocol): unary calls as plain HTTP, streams as
//! envelopes, messages in JSON or protobuf.

use http::header::{ALLOW, CONTENT_TYPE, HeaderName};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response};

use super::{Protocol, Recognition, Request};
use crate::admitted::Admitted;
use crate::body::Incoming;
use crate::call::codec::Codec;
use crate::failure::Failure;
use crate::method::Idempotency;
use crate::policy::{Policy, Served};
use crate::reply::Body;
use crate::routing::Routing;

mod declared;
mod error;
mod stream;
mod unary;

pub(crate) use declared::DECLARED;
use declared::VERSION;
use stream::Stream;
use unary::{Query, Unary};

const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");

/// The protocol.
pub(crate) struct Connect;

/// A call.
pub(crate) enum Call {
    Unary(Unary),
    Stream(Stream),
}

/// Of a media type that begins with `prefix`. JSON may say that it is UTF-8.
fn codec(content_type: &[u8], prefix: &str) -> Option<Codec> {
    let text = std::str::from_utf8(content_type).ok()?.to_ascii_lowercase();
    let mut parts = text.strip_prefix(prefix)?.split(';').map(str::trim);
    let codec = Codec::named(parts.next()?.as_bytes())?;
    let is_plain = |part: &str| {
        let charset = part.strip_prefix("charset=");
        codec == Codec::Json && charset.is_some_and(|charset| charset.trim_matches('"') == "utf-8")
    };
    parts.all(is_plain).then_some(codec)
}

impl Protocol for Connect {
    type Request = Call;

    fn recognise(routing: &Routing, head: &Parts, subtype: Option<&[u8]>) -> Recognition<Call> {
        match subtype {
            Some(subtype) => stream(routing, head, subtype),
            None if head.headers.contains_key(VERSION) => unary(routing, head),
            None => Recognition::Foreign,
        }
    }

    /// A path that is no route may be a method, or one that somebody takes for a method.
    fn otherwise(routing: &Routing, head: &Parts) -> Recognition<Call> {
        let is_call = head.method == Method::POST && head.headers.contains_key(VERSION);
        match unary(routing, head) {
            Recognition::Foreign if is_call => Recognition::refused(&Failure::no_route(), routing),
            found => found,
        }
    }
}

impl Request for Call {
    fn protocol(&self) -> &'static str {
        "connect"
    }

    fn policy<'a>(&'a self, _: &'a Routing) -> &'a Policy {
        match self {
            Self::Unary(call) => &call.served.policy,
            Self::Stream(call) => &call.served.policy,
        }
    }

    async fn serve(
        &self,
        admitted: Admitted<'_>,
        head: &Parts,
        body: Incoming,
    ) -> Result<Response<Body>, Failure> {
        match self {
            Self::Unary(call) => call.serve(admitted, head, body).await,
            Self::Stream(call) => call.serve(admitted, head, body).await,
        }
    }

    fn refuse(&self, routing: &Routing, _: &Parts, failure: &Failure) -> Option<Response<Body>> {
        Some(match self {
            Self::Unary(_) => unary::refusal(routing, failure),
            Self::Stream(call) => call.refusal(routing, failure),
        })
    }
}

/// The unary call that a request is; none if its path is no method, or if it may be for REST.
fn unary(routing: &Routing, head: &Parts) -> Recognition<Call> {
    let Some(served) = routing.policies.method(head.uri.path()) else {
        return Recognition::Foreign;
    };
    let call = |query, codec: Option<Codec>| match codec {
        Some(codec) => Recognition::Request(Call::Unary(Unary::new(served.clone(), query, codec))),
        None => Recognition::refused(&unsupported(served), routing),
    };
    match head.method {
        Method::POST => {
            let content_type = head.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
            let codec = content_type.and_then(|name| codec(name, "application/"));
            call(
                Query::default(),
                codec.filter(|_| !served.policy.is_streaming()),
            )
        }
        Method::GET | Method::HEAD => {
            let reads = served.idempotency == Idempotency::NoSideEffects;
            if !reads || served.policy.is_streaming() {
                return not_allowed(routing);
            }
            let Some(query) = head.uri.query().and_then(Query::of) else {
                return Recognition::Foreign;
            };
            let codec = query.codec();
            call(query, codec)
        }
        Method::OPTIONS => Recognition::Foreign,
        _ => not_allowed(routing),
    }
}

/// 405: a method is called by POST.
fn not_allowed(routing: &Routing) -> Recognition<Call> {
    Recognition::refused(&Failure::method_not_allowed(&[Method::POST]), routing)
}

/// The call with streams that a request whose media type says so is.
fn stream(routing: &Routing, head: &Parts, subtype: &[u8]) -> Recognition<Call> {
    let Some(served) = routing.policies.method(head.uri.path()) else {
        return Recognition::refused(&Failure::no_route(), routing);
    };
    if head.method != Method::POST {
        return not_allowed(routing);
    }
    match codec(subtype, "").filter(|_| served.policy.is_streaming()) {
        Some(codec) => Recognition::Request(Call::Stream(Stream::new(served.clone(), codec))),
        None => Recognition::refused(&unsupported(served), routing),
    }
}

/// 415, with what would do instead.
fn unsupported(served: &Served) -> Failure {
    let accepted = match served.policy.is_streaming() {
        true => "application/connect+json, application/connect+proto",
        false => "application/json, application/proto",
    };
    Failure::unsupported_content(&format!("this method takes {accepted}")).with_headers([
        (ACCEPT_POST, HeaderValue::from_static(accepted)),
        (ALLOW, HeaderValue::from_static("POST")),
    ])
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
    use super::declared::STREAM;
    use super::*;

    #[test]
    fn the_codec_is_told_by_the_media_type() {
        let unary = |name: &str| codec(name.as_bytes(), "application/");
        assert_eq!(unary("application/json"), Some(Codec::Json));
        assert_eq!(unary("Application/JSON; charset=UTF-8"), Some(Codec::Json));
        assert_eq!(unary("application/proto"), Some(Codec::Proto));
        assert_eq!(unary("application/json; charset=latin1"), None);
        assert_eq!(unary("application/x-protobuf"), None);
        let stream = codec(b"application/connect+proto", STREAM);
        assert_eq!(stream, Some(Codec::Proto));
    }
}

//! What a reply says of the version that it shows and of how long it may be kept, and what a request
//! asks of that (RFC 9110, sections 8.8 and 13; RFC 9111).
//!
//! Conditions on a read are held against its reply, here. Those on a change go along to the service,
//! which holds them against the resource in the transaction that changes it.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, VARY};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use net::etag::{Preconditions, entity_tag};
use tonic::Code;
use transcoder::Route;
use transcoder::prost_reflect::Kind;

use crate::failure::{Failure, Problem, Reason};
use crate::method::{self, Cache, Idempotency};
use crate::reply::{self, Body};
use crate::wire::fields::{innermost, shown};

/// The text field of a resource that says its version (AIP-154).
const FIELD: &str = "etag";

/// What the contract says of one method.
#[derive(Debug, Default)]
pub(crate) struct Validators {
    is_conditional: bool,
    /// The method changes nothing.
    is_read: bool,
    cache: Option<Cache>,
    /// Field numbers from the reply to its etag; empty if it shows none.
    etag: Vec<u32>,
}

impl Validators {
    /// Of a method, by whatever protocol it is called.
    pub(crate) fn of(method: &method::Method) -> Self {
        Self {
            is_conditional: method.is_conditional,
            is_read: method.idempotency == Idempotency::NoSideEffects,
            cache: method.cache,
            etag: Vec::new(),
        }
    }

    /// Of a method by a route.
    pub(crate) fn by(self, route: &Route) -> Self {
        let (mut path, shown) = shown(route);
        let field = shown.and_then(|message| message.get_field_by_name(FIELD));
        match field.filter(|field| field.kind() == Kind::String && !field.is_list()) {
            Some(field) if self.is_conditional => path.push(field.number()),
            _ => path.clear(),
        }
        Self { etag: path, ..self }
    }

    /// The conditions that go along with a call, for the service to hold.
    pub(crate) fn pass_on(&self, headers: &HeaderMap, to: &mut HeaderMap) {
        if !self.is_conditional || self.is_read {
            return;
        }
        for name in [IF_MATCH, IF_NONE_MATCH] {
            to.remove(&name);
            for value in headers.get_all(&name) {
                to.append(&name, value.clone());
            }
        }
    }

    /// Whether anybody may be given the reply that somebody else had.
    pub(crate) fn is_for_anybody(&self, head: &Parts, is_of_nobody: bool) -> bool {
        let is_public = self.cache.is_some_and(|cache| cache.public);
        self.is_get(head) && is_public && is_of_nobody
    }

    fn is_get(&self, head: &Parts) -> bool {
        matches!(head.method, Method::GET | Method::HEAD) && self.is_read
    }

    /// The reply, with the version that it shows; or without its body, if the client has that version.
    /// `content` are the bytes of the body of `message`. What a known caller is told is kept by nobody.
    pub(crate) fn conclude(
        &self,
        head: &Parts,
        is_of_nobody: bool,
        message: &[u8],
        content: &[u8],
        mut response: Response<Body>,
    ) -> Result<Response<Body>, Failure> {
        let is_get = self.is_get(head);
        let cache = self.cache.filter(|_| is_get && is_of_nobody);
        let etag = self.etag_of(message).or_else(|| {
            // Weak, as the bytes depend on their coding too.
            let tag = cache.map(|_| tag(content))?;
            HeaderValue::try_from([b"W/", tag.as_bytes()].concat()).ok()
        });
        let headers = response.headers_mut();
        if let Some(cache) = cache {
            headers.insert(CACHE_CONTROL, cache_control(cache));
            headers.append(VARY, HeaderValue::from_static("accept-encoding"));
        }
        let Some(etag) = etag else {
            return Ok(response);
        };
        headers.insert(ETAG, etag.clone());
        let asks = |name| head.headers.contains_key(name);
        if !is_get || !(asks(IF_MATCH) || asks(IF_NONE_MATCH)) {
            return Ok(response);
        }
        let Some(conditions) = Preconditions::of(&head.headers).map_err(Failure::malformed)? else {
            return Ok(response);
        };
        if !conditions.matches(Some(&etag)) {
            let message = "the resource is not as if-match says; read it again";
            let problem = Problem::new(Reason::EtagMismatch, Code::FailedPrecondition, message);
            return Err(problem.into());
        }
        if conditions.is_known(Some(&etag)) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response.headers_mut().remove(CONTENT_TYPE);
            return Ok(response.map(|_| reply::empty()));
        }
        Ok(response)
    }

    /// The version that a reply shows.
    fn etag_of(&self, message: &[u8]) -> Option<HeaderValue> {
        let etag = innermost(message, &self.etag).filter(|_| !self.etag.is_empty())?;
        entity_tag(std::str::from_utf8(etag).ok()?)
    }
}

/// The same content has the same tag on every replica.
pub fn tag(content: &[u8]) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    HeaderValue::try_from(tag).expect("hexadecimal digits in quotes")
}

fn cache_control(cache: Cache) -> HeaderValue {
    let who = if cache.public { "public" } else { "private" };
    let value = format!("{who}, max-age={}", cache.max_age);
    HeaderValue::try_from(value).expect("words and digits")
}

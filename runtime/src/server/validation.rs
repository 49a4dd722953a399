//! The message is held against the contract's rules, and its texts are brought to one form, before
//! the handler sees it.

use std::borrow::Cow;

use bytes::{Buf as _, Bytes};
use contract_rules::{Invalid, Violation};
use http::{Request, Response};
use http_body_util::Full;
use net::coding::Coding;
use net::metadata::IDEMPOTENCY_KEY;
use tonic::body::Body;
use tonic::{Code, Status};

use super::compression::{frame, packing, sent, unpack};
use super::filter::{Filter, Next};
use super::observe::Incoming;
use super::receive::{PREFIX, Receiver, Receiving};
use crate::contract::{Method, RequestHash};
use crate::status::{Problem, Reason};

/// Tells the request from others with its idempotency key: in the extensions of the request.
#[derive(Clone)]
pub(super) struct Hashed(pub(super) RequestHash);

#[derive(Clone)]
pub(super) struct Validated(pub(super) Receiver);

impl Filter for Validated {
    async fn filter<N: Next>(&self, request: Request<Body>, next: &N) -> Response<Body> {
        let Some(method) = Incoming::of(&request).method.clone() else {
            return next.run(request).await;
        };
        // Its messages come when the handler wants them, and are checked then.
        if method.client_streaming {
            return next.run(request).await;
        }
        let coding = sent(&request);
        let mut receiving = self.0.receive(&request, &method);
        let (mut parts, body) = request.into_parts();
        let checked = receiving.whole(body).await.and_then(|body| {
            let body = unpacked(body, coding, &mut receiving)?;
            Ok(accept(body, &method)?)
        });
        // What has arrived takes no memory of what is on its way.
        drop(receiving);
        match checked {
            Ok(body) => {
                if method.has_effect_once() && parts.headers.contains_key(IDEMPOTENCY_KEY) {
                    let hash = message(body.clone()).ok().and_then(|m| method.hash(&m));
                    if let Some(hash) = hash {
                        parts.extensions.insert(Hashed(hash));
                    }
                }
                let body = Body::new(Full::new(body));
                next.run(Request::from_parts(parts, body)).await
            }
            Err(status) => status.into_http(),
        }
    }
}

/// One message, with its prefix, as it was before it was compressed.
pub(super) fn unpacked(
    body: Bytes,
    sent: Option<Coding>,
    receiving: &mut Receiving,
) -> Result<Bytes, Status> {
    let flags = body.first().copied().unwrap_or_default();
    match packing(flags, sent)? {
        Some(coding) => unpack(coding, &message(body)?, receiving),
        None => Ok(body),
    }
}

/// One message, with its prefix, as the handler gets it: with its texts in the form that the contract
/// asks for.
pub(super) fn accept(body: Bytes, method: &Method) -> Result<Bytes, Problem> {
    let Some(rules) = method.rules() else {
        return Ok(body);
    };
    match rules.accept(&message(body.clone())?).map_err(refusal)? {
        Cow::Borrowed(_) => Ok(body),
        Cow::Owned(normal) => Ok(frame(0, &normal)),
    }
}

/// The one message of a request, whatever its flags.
fn message(mut body: Bytes) -> Result<Bytes, Problem> {
    if body.len() < PREFIX {
        return Err(malformed("the request has no message"));
    }
    body.advance(1);
    let length = body.get_u32() as usize;
    if body.len() != length {
        return Err(malformed("the request is not one message"));
    }
    Ok(body)
}

fn malformed(message: &str) -> Problem {
    Problem::new(Reason::MalformedRequest, Code::InvalidArgument, message)
}

fn refusal(invalid: Invalid) -> Problem {
    match invalid {
        Invalid::Malformed => malformed("the request is not a message of the contract"),
        Invalid::Violations(violations) => Problem::invalid(told(violations)),
        Invalid::ManyViolations(violations) => Problem::invalid(told(violations)).and_others(),
    }
}

/// What clients read of each: where, and what is wrong.
fn told(violations: Vec<Violation>) -> Vec<(String, String)> {
    let violations = violations.into_iter();
    violations.map(|one| (one.path, one.description)).collect()
}

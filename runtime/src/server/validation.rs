//! The message is held against the contract's rules before the handler sees it.

use bytes::{Buf as _, Bytes};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use tonic::body::Body;
use tonic::{Code, Status};

use super::filter::{Filter, Next};
use super::observe::Incoming;
use crate::status::{Problem, Reason};
use crate::validate::{Invalid, Rules};

/// Flag and length before each message (gRPC over HTTP/2, Length-Prefixed-Message).
const PREFIX: usize = 5;

#[derive(Clone)]
pub(super) struct Validated {
    max_bytes: usize,
}

impl Validated {
    pub(super) fn new(max_bytes: usize) -> Validated {
        Validated { max_bytes }
    }

    async fn check(&self, body: Body, rules: Option<&Rules>) -> Result<Body, Status> {
        let limited = Limited::new(body, self.max_bytes + PREFIX);
        let body = limited
            .collect()
            .await
            .map_err(|error| self.unreadable(error))?
            .to_bytes();
        if let Some(rules) = rules {
            rules
                .check(message(body.clone())?.as_ref())
                .map_err(refusal)?;
        }
        Ok(Body::new(Full::new(body)))
    }

    fn unreadable(&self, error: Box<dyn std::error::Error + Send + Sync>) -> Status {
        if error.is::<http_body_util::LengthLimitError>() {
            let message = format!("the message is larger than {} bytes", self.max_bytes);
            return Problem::new(Reason::RequestTooLarge, Code::ResourceExhausted, message).into();
        }
        Status::from_error(error)
    }
}

impl Filter for Validated {
    async fn filter<N: Next>(&self, request: Request<Body>, next: &N) -> Response<Body> {
        let Some(method) = Incoming::of(&request).method.clone() else {
            return next.run(request).await;
        };
        if method.client_streaming {
            return next.run(request).await;
        }
        let (parts, body) = request.into_parts();
        match self.check(body, method.rules.as_deref()).await {
            Ok(body) => next.run(Request::from_parts(parts, body)).await,
            Err(status) => status.into_http(),
        }
    }
}

/// The one message of a request.
fn message(mut body: Bytes) -> Result<Bytes, Status> {
    if body.len() < PREFIX {
        return Err(malformed("the request has no message"));
    }
    let compressed = body.get_u8() != 0;
    let length = body.get_u32() as usize;
    if compressed {
        return Err(Status::unimplemented(
            "compressed messages are not accepted",
        ));
    }
    if body.len() != length {
        return Err(malformed("the request is not one message"));
    }
    Ok(body)
}

fn malformed(message: &str) -> Status {
    Problem::new(Reason::MalformedRequest, Code::InvalidArgument, message).into()
}

fn refusal(invalid: Invalid) -> Status {
    match invalid {
        Invalid::Malformed => malformed("the request is not a message of the contract"),
        Invalid::Violations(violations) => Problem::invalid(violations).into(),
        Invalid::ManyViolations(violations) => Problem::invalid(violations).and_others().into(),
    }
}

//! Gathers the call's context: for the handler, and for the client stack below it.

use std::net::IpAddr;
use std::sync::Arc;

use http::header::USER_AGENT;
use http::{Request, Response};
use net::etag::Preconditions;
use net::metadata::{CLIENT_ADDRESS, CLIENT_USER_AGENT, idempotency_key, text};
use tonic::body::Body;
use tonic::{Code, Status};

use super::deadline::Deadline;
use super::filter::{Filter, Next};
use super::observe::Incoming;
use super::policy::Verified;
use super::validation::Hashed;
use crate::call::CallContext;
use crate::status::{Problem, Reason};

#[derive(Clone)]
pub(super) struct InContext;

impl Filter for InContext {
    async fn filter<N: Next>(&self, mut request: Request<Body>, next: &N) -> Response<Body> {
        let call = match context(&request) {
            Ok(call) => call,
            Err(problem) => return Status::from(problem).into_http(),
        };
        request.extensions_mut().insert(call.clone());
        call.scope_only(next.run(request)).await
    }
}

fn context(request: &Request<Body>) -> Result<CallContext, Problem> {
    let incoming = Incoming::of(request);
    let headers = request.headers();
    let verified = request
        .extensions()
        .get::<Verified>()
        .cloned()
        .unwrap_or_default();
    let peer = request
        .extensions()
        .get::<net::http::Peer>()
        .map(|peer| peer.0.ip());
    let own_agent = text(headers, &USER_AGENT);
    // Only the mesh may speak for a client outside of it.
    let (client_address, user_agent) = match verified.caller.workload {
        Some(_) => {
            let address = text(headers, &CLIENT_ADDRESS).and_then(|text| text.parse().ok());
            (address, text(headers, &CLIENT_USER_AGENT))
        }
        None => (peer.map(canonical), own_agent),
    };
    Ok(CallContext {
        deadline: request
            .extensions()
            .get()
            .map(|Deadline(deadline)| *deadline),
        caller: verified.caller,
        method: incoming.method.clone(),
        request_id: incoming.request_id.clone(),
        idempotency_key: idempotency_key(headers).map_err(malformed)?.map(Arc::from),
        request_hash: request.extensions().get().map(|Hashed(hash)| *hash),
        preconditions: match incoming
            .method
            .as_ref()
            .is_some_and(|method| method.conditional)
        {
            true => Preconditions::of(headers).map_err(malformed)?.map(Arc::new),
            false => None,
        },
        client_address,
        user_agent: user_agent.map(Arc::from),
        user_token: verified.user_token,
        trace: incoming.trace.clone(),
        span: incoming.span.clone(),
    })
}

fn malformed(what: String) -> Problem {
    Problem::new(Reason::MalformedRequest, Code::InvalidArgument, what)
}

fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

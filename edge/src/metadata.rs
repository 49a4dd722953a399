//! What goes along with a call from the client's headers: an allow-list. Everything else stays
//! here, above all what only the mesh may say (`x-workload-authorization`, `x-client-address`,
//! `grpc-*`), so that nothing has to be remembered to be removed.

mod passing;
mod rule;

pub(crate) use passing::Passing;
pub use rule::Rule;

use std::net::IpAddr;

use http::header::{ACCEPT_LANGUAGE, AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, HeaderValue};
use net::metadata::of_one_call;
use runtime::metadata::IDEMPOTENCY_KEY;
use runtime::node::Node;
use tonic::metadata::MetadataMap;

use crate::failure::Failure;
use crate::policy::Policy;
use crate::{Edge, Upstreams};

/// Longer ones are cut: nobody's browser needs more, and it is stored with sessions.
const USER_AGENT_BYTES: usize = 256;

/// What upstreams say that is not for clients.
const RESERVED: [&str; 17] = [
    "alt-svc",
    "authorization",
    "connection",
    "date",
    "keep-alive",
    "proxy-authenticate",
    "server",
    "set-cookie",
    "strict-transport-security",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
    "www-authenticate",
    "x-request-id",
    "x-workload-authorization",
];
const RESERVED_PREFIXES: [&str; 6] = [
    "access-control-",
    "connect-",
    "content-",
    "grpc-",
    "ratelimit",
    "trailer-",
];

/// Headers that upstreams get as they are, and the idempotency key, which is for this call alone. The
/// call context carries the others: the mesh's token, request id, address, user agent, trace.
pub(crate) fn forwarded(
    edge: &Edge,
    headers: &HeaderMap,
    peer: IpAddr,
    idempotency_key: Option<HeaderValue>,
) -> Result<MetadataMap, Failure> {
    // With room for what the client stack adds.
    let mut forwarded = HeaderMap::with_capacity(12);
    let forwards_authorization = edge.upstreams
        == Upstreams::Others {
            forwards_authorization: true,
        };
    if let Some(value) = headers.get(AUTHORIZATION)
        && forwards_authorization
    {
        let mut value = value.clone();
        value.set_sensitive(true);
        forwarded.insert(AUTHORIZATION, value);
    }
    if let Some(value) = headers.get(ACCEPT_LANGUAGE) {
        forwarded.insert(ACCEPT_LANGUAGE, value.clone());
    }
    if let Some(key) = idempotency_key {
        forwarded.insert(IDEMPOTENCY_KEY, key);
    }
    let (rules, to) = (&edge.settings.metadata.request_header, &mut forwarded);
    let passing = edge.profile.passing;
    passing.request(rules, headers, forwards_authorization, peer, to)?;
    Ok(MetadataMap::from_headers(forwarded))
}

/// What a client learns of an upstream's metadata: all but what HTTP and gRPC speak of themselves,
/// and what the edge says.
pub(crate) fn returned(headers: &HeaderMap) -> HeaderMap {
    let is_metadata = |name: &str| {
        !RESERVED.contains(&name)
            && !RESERVED_PREFIXES
                .iter()
                .any(|prefix| name.starts_with(prefix))
    };
    let pairs = headers
        .iter()
        .filter(|(name, _)| is_metadata(name.as_str()));
    let mut returned = HeaderMap::new();
    for (name, value) in pairs {
        returned.append(name, value.clone());
    }
    returned
}

/// The program that the client says it is.
pub(crate) fn user_agent(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(USER_AGENT)?.to_str().ok()?;
    Some(&text[..text.floor_char_boundary(USER_AGENT_BYTES)])
}

/// The client's idempotency key, or, in the mesh, one for this request, so that a retry along the way
/// is harmless. `None` for methods that take none.
pub(crate) fn idempotency_key(
    headers: &HeaderMap,
    policy: &Policy,
    node: &Node,
    upstreams: Upstreams,
) -> Result<Option<HeaderValue>, Failure> {
    if !policy.takes_idempotency_key {
        return Ok(None);
    }
    if runtime::metadata::idempotency_key(headers)?.is_some() {
        return Ok(headers.get(IDEMPOTENCY_KEY).cloned());
    }
    if upstreams != Upstreams::Mesh {
        return Ok(None);
    }
    let key = node.random.uuid7(&node.clock).to_string();
    let key = HeaderValue::try_from(key).expect("a UUID is ASCII");
    Ok(Some(of_one_call(key)))
}

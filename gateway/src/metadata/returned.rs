//! What clients learn of what upstreams say beside their messages.

use http::{HeaderMap, HeaderName};
use tonic::Status;
use tonic::metadata::MetadataMap;

use crate::protocol::declared;
use crate::wire::status;

/// What an upstream reads that did not know the coding of a message (gRPC, Compression).
const ACCEPTED: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// What upstreams say that is not for clients.
const NAMES: [&str; 17] = [
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
const PREFIXES: [&str; 3] = ["access-control-", "content-", "ratelimit"];

/// Whether a protocol, or HTTP itself, speaks by this name, so that it is nobody's metadata.
pub(super) fn is_reserved(name: &str) -> bool {
    let begins = |prefix: &&str| name.starts_with(prefix);
    NAMES.contains(&name)
        || PREFIXES.iter().any(begins)
        || declared::is_reserved(name)
        || declared::is_trailer(name)
}

/// What a client learns of an upstream's metadata: all but what HTTP and gRPC speak of themselves,
/// and what the gateway says.
pub(crate) fn returned(headers: &HeaderMap) -> HeaderMap {
    let pairs = headers
        .iter()
        .filter(|(name, _)| !is_reserved(name.as_str()));
    let mut returned = HeaderMap::new();
    for (name, value) in pairs {
        returned.append(name, value.clone());
    }
    returned
}

/// The status that headers or trailers tell, if they do; an error with the metadata that clients may
/// learn of it.
pub(crate) fn status(headers: &HeaderMap) -> Option<Status> {
    let mut status = status::read(headers)?;
    if status.code() != tonic::Code::Ok {
        let mut beside = returned(headers);
        if let Some(codings) = headers.get(ACCEPTED) {
            beside.insert(ACCEPTED, codings.clone());
        }
        *status.metadata_mut() = MetadataMap::from_headers(beside);
    }
    Some(status)
}

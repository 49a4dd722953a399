//! Replies in the coding that the client prefers: zstd or gzip.

use std::convert::Infallible;

use http::header::CONTENT_TYPE;
use http::{Request, Response};
use tower::Service;
use tower_http::CompressionLevel;
use tower_http::compression::predicate::{Predicate, SizeAbove};
use tower_http::compression::{Compression, CompressionBody};

use crate::protocol::declared;
use crate::reply::{Body, Streamed};

/// Below this, headers are most of the reply.
const MIN_BYTES: u16 = 860;

/// A reply as it is sent.
pub(crate) type Compressed = CompressionBody<Body>;

/// Compresses what the service replies. It is the outermost: whatever was decided inside, about any
/// reply, it is the same in fewer bytes.
pub(crate) fn wrap<S, B>(
    service: S,
) -> impl Service<Request<B>, Response = Response<Compressed>, Error = Infallible, Future: Send> + Clone
where
    S: Service<Request<B>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone,
{
    Compression::new(service)
        .quality(CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(MIN_BYTES).and(WholeReplies))
}

/// Streams are not compressed here: each message has to leave at once.
#[derive(Clone, Copy)]
struct WholeReplies;

impl Predicate for WholeReplies {
    fn should_compress<B: http_body::Body>(&self, response: &Response<B>) -> bool {
        if response.extensions().get::<Streamed>().is_some() {
            return false;
        }
        let content_type = response.headers().get(CONTENT_TYPE);
        let name = content_type.map_or(&b""[..], |value| value.as_bytes());
        declared::of(name).is_none_or(|protocol| protocol.compresses)
    }
}

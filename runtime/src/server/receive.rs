//! Takes requests in before they are any work: within a time, and within the memory that all requests
//! on their way may take.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::FutureExt as _;
use http::Request;
use http_body_util::BodyExt as _;
use net::http::Peer;
use net::room::{Full, Most, Room, Share};
use tonic::body::Body;
use tonic::{Code, Status};

use super::limits::{self, ServerLimits};
use super::policy::Verified;
use crate::contract::Method;
use crate::node::Node;
use crate::status::{Problem, Reason};

/// Flag and length before each message (gRPC over HTTP/2, Length-Prefixed-Message).
pub(super) const PREFIX: usize = 5;
/// What a call takes while its request is on the way, besides its headers and its message.
const CALL: usize = 2048;

/// Where requests are taken in.
#[derive(Clone)]
pub(super) struct Receiver {
    timeout: Duration,
    /// Bytes of a message, where its contract does not allow less.
    max_bytes: usize,
    memory: Room<IpAddr>,
    /// Of callers who have not proved to be of the mesh. They leave half of it, so that whatever they
    /// send, the mesh can go on.
    strangers: Most,
    mesh: Most,
}

/// A request on its way.
pub(super) struct Receiving {
    timeout: Duration,
    limit: usize,
    held: Share<IpAddr>,
    /// What is held whatever comes.
    base: usize,
}

impl Receiver {
    pub(super) fn new(node: &Node, limits: &ServerLimits) -> Receiver {
        let (total, each) = (
            limits.request_body_memory,
            limits.request_body_memory_per_address,
        );
        let memory = Room::new();
        let about = ["By", "Bytes held of requests that are on their way"];
        let (names, held) = (
            ["rpc.server.body_memory", "rpc.server.body_memory_limit"],
            memory.clone(),
        );
        limits::tell(node, names, about, total, move || held.total());
        Receiver {
            timeout: limits.request_body_timeout,
            max_bytes: limits.max_request_bytes,
            memory,
            strangers: Most {
                total: total / 2,
                each,
            },
            mesh: Most { total, each: total },
        }
    }

    /// Of a request, whose messages have at most the bytes that the method allows.
    pub(super) fn receive(&self, request: &Request<Body>, method: &Method) -> Receiving {
        let (whose, most) = match is_of_mesh(request) {
            true => (None, self.mesh),
            false => (Some(network(request)), self.strangers),
        };
        let headers = request.headers().iter();
        let headers: usize = headers
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        let largest = method.largest().map_or(self.max_bytes, |size| size.wire);
        Receiving {
            timeout: self.timeout,
            limit: largest.min(self.max_bytes),
            held: self.memory.share(whose, most),
            base: CALL + headers,
        }
    }
}

/// Whether a workload calls.
pub(super) fn is_of_mesh(request: &Request<Body>) -> bool {
    let verified = request.extensions().get::<Verified>();
    verified.is_some_and(|verified| verified.caller.workload.is_some())
}

/// What callers at the other end of the connection have in common.
pub(super) fn network(request: &Request<Body>) -> IpAddr {
    let peer = request.extensions().get::<Peer>();
    peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.network())
}

impl Receiving {
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// So many bytes are held of what came.
    pub(super) fn hold(&mut self, bytes: usize) -> Result<(), Status> {
        self.held.set(self.base + bytes).map_err(|full| {
            let message = match full {
                Full::Total => "too many requests are on their way",
                Full::Each => "too many requests of this address are on their way",
            };
            Problem::new(Reason::Overloaded, Code::Unavailable, message)
                .retry_after(Duration::from_secs(1))
                .into()
        })
    }

    /// The whole body.
    pub(super) async fn whole(&mut self, body: Body) -> Result<Bytes, Status> {
        let timeout = self.timeout;
        tokio::time::timeout(timeout, self.collect(body))
            .await
            .unwrap_or_else(|_| Err(too_slow(timeout)))
    }

    async fn collect(&mut self, mut body: Body) -> Result<Bytes, Status> {
        let mut bytes = BytesMut::new();
        loop {
            // Most requests are there as a whole, and take no memory that is worth counting.
            let frame = match body.frame().now_or_never() {
                Some(frame) => frame,
                None => {
                    self.hold(bytes.capacity())?;
                    body.frame().await
                }
            };
            let Some(frame) = frame.transpose().map_err(unreadable)? else {
                return Ok(bytes.freeze());
            };
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if bytes.len() + data.len() > self.limit + PREFIX {
                return Err(too_large(self.limit));
            }
            if bytes.is_empty() && http_body::Body::is_end_stream(&body) {
                return Ok(data);
            }
            // Copied, as a piece keeps the whole buffer that it came in.
            bytes.extend_from_slice(&data);
        }
    }
}

pub(super) fn too_slow(timeout: Duration) -> Status {
    let message = format!("the message did not arrive within {timeout:?}");
    Problem::new(Reason::RequestTooSlow, Code::DeadlineExceeded, message).into()
}

pub(super) fn too_large(limit: usize) -> Status {
    let message = format!("the message is larger than {limit} bytes");
    Problem::new(Reason::RequestTooLarge, Code::ResourceExhausted, message).into()
}

fn unreadable(error: Status) -> Status {
    Status::from_error(error.into())
}

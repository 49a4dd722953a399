//! Messages that the client compressed, and replies in what it accepts (gRPC, Compression): what stands
//! below sees neither, so no server has to be told of them.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body::Frame;
use net::coding::{Coding, Corrupt};
use net::metadata::GRPC_STATUS;
use tonic::body::Body;
use tonic::{Code, Status};

use super::filter::{Filter, Next};
use super::observe::Incoming;
use super::receive::{PREFIX, Receiving, too_large};
use crate::status::{Problem, Reason};

const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const ACCEPTED: HeaderName = HeaderName::from_static("grpc-accept-encoding");
const OURS: HeaderValue = HeaderValue::from_static("identity,gzip,zstd");
/// Below this, a message is sent as it is.
const MIN_BYTES: usize = 1024;

/// What the client's compressed messages are in, if any may come: in the extensions of the request.
#[derive(Clone, Copy)]
struct RequestCoding(Option<Coding>);

/// What the compressed messages of a request are in, if any may come.
pub(super) fn sent(request: &Request<Body>) -> Option<Coding> {
    let sent = request.extensions().get();
    sent.and_then(|RequestCoding(coding)| *coding)
}

/// What a message with these flags is in.
pub(super) fn packing(flags: u8, sent: Option<Coding>) -> Result<Option<Coding>, Status> {
    let wrong = |message| {
        let problem = Problem::new(Reason::MalformedRequest, Code::Internal, message);
        Err(problem.into())
    };
    match (flags, sent) {
        (0, _) => Ok(None),
        (1, Some(coding)) => Ok(Some(coding)),
        (1, None) => {
            wrong("a message has its compressed flag set, but grpc-encoding names nothing")
        }
        _ => wrong("a message has flags that do not exist"),
    }
}

/// A message as it was before it was compressed, with its prefix. What it becomes is bounded and counted
/// as if it had been sent so.
pub(super) fn unpack(
    coding: Coding,
    packed: &Bytes,
    receiving: &mut Receiving,
) -> Result<Bytes, Status> {
    let limit = receiving.limit();
    let hold = |unpacked| {
        let held = receiving.hold(packed.len() + unpacked);
        held.map_err(Refusal)
    };
    let unpacked = coding.unpack(packed, limit, hold);
    let unpacked = unpacked.map_err(|Refusal(status)| status)?;
    let message = unpacked.ok_or_else(|| too_large(limit))?;
    Ok(frame(0, &message))
}

pub(super) fn frame(flags: u8, message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).expect("messages are limited to far below 4 GiB");
    let mut frame = BytesMut::with_capacity(PREFIX + message.len());
    frame.put_u8(flags);
    frame.put_u32(length);
    frame.put_slice(message);
    frame.freeze()
}

/// What a message is refused with.
struct Refusal(Status);

impl From<Corrupt> for Refusal {
    fn from(corrupt: Corrupt) -> Refusal {
        let message = corrupt.to_string();
        Refusal(Problem::new(Reason::MalformedRequest, Code::InvalidArgument, message).into())
    }
}

#[derive(Clone)]
pub(super) struct Compression;

impl Filter for Compression {
    async fn filter<N: Next>(&self, mut request: Request<Body>, next: &N) -> Response<Body> {
        if let Some(name) = request.headers_mut().remove(ENCODING) {
            let Some(coding) = Coding::named(name.as_bytes()) else {
                return unknown();
            };
            request.extensions_mut().insert(RequestCoding(coding));
        }
        // How well a secret is compressed tells of it to whoever chose what stands beside it.
        let method = Incoming::of(&request).method.as_ref();
        let is_secret = method.is_some_and(|method| method.sensitive_reply);
        let accepted = accepted(request.headers()).filter(|_| !is_secret);
        let mut response = next.run(request).await;
        let headers = response.headers_mut();
        let (Some(coding), false) = (accepted, headers.contains_key(GRPC_STATUS)) else {
            return response;
        };
        headers.insert(ENCODING, HeaderValue::from_static(coding.name()));
        let waiting = BytesMut::new();
        response.map(|inner| {
            Body::new(Packed {
                inner,
                coding,
                waiting,
            })
        })
    }
}

/// The first coding that the client accepts and that is known here.
fn accepted(headers: &HeaderMap) -> Option<Coding> {
    let names = headers.get_all(ACCEPTED).into_iter();
    let mut names = names.flat_map(|names| names.as_bytes().split(|byte| *byte == b','));
    names.find_map(|name| Coding::named(name).flatten())
}

fn unknown() -> Response<Body> {
    let message = "messages may be compressed with gzip or zstd";
    let reason = Reason::UnsupportedContentType;
    let refused = Problem::new(reason, Code::Unimplemented, message);
    let mut response = Status::from(refused).into_http();
    response.headers_mut().insert(ACCEPTED, OURS);
    response
}

/// A reply whose larger messages are compressed, each by itself.
struct Packed {
    inner: Body,
    coding: Coding,
    /// Of a message that is not whole.
    waiting: BytesMut,
}

impl Packed {
    /// The messages that are whole now.
    fn pack(&mut self, data: &[u8]) -> Bytes {
        self.waiting.extend_from_slice(data);
        let mut packed = BytesMut::with_capacity(data.len());
        while let Some([flags, length @ ..]) = self.waiting.first_chunk::<PREFIX>() {
            let (flags, length) = (*flags, u32::from_be_bytes(*length) as usize);
            if self.waiting.len() - PREFIX < length {
                break;
            }
            let message = self.waiting.split_to(PREFIX + length);
            match flags == 0 && length >= MIN_BYTES {
                true => packed.put(frame(1, &self.coding.pack(&message[PREFIX..]))),
                false => packed.put(message),
            }
        }
        packed.freeze()
    }
}

impl http_body::Body for Packed {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        loop {
            let Some(frame) = ready!(Pin::new(&mut this.inner).poll_frame(context)) else {
                return Poll::Ready(None);
            };
            let packed = match frame?.into_data() {
                Ok(data) => this.pack(&data),
                Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
            };
            if packed.has_remaining() {
                return Poll::Ready(Some(Ok(Frame::data(packed))));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }
}

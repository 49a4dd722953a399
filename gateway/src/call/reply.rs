//! The reply of a unary call: one message as a frame, and the status in the trailers (gRPC over
//! HTTP/2, Responses).

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body_util::BodyExt as _;
use net::client::ResponseBody;
use tonic::{Code, Status};

use super::foreign::without_status;
use crate::metadata::status;
use crate::wire::envelope;
use crate::wire::said::{Metadata, Refusal};

/// What a unary call came to.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) metadata: Metadata,
    pub(crate) message: Bytes,
}

impl Reply {
    /// Reads a reply whose headers did not tell of an error.
    pub(super) async fn read(
        response: http::Response<ResponseBody>,
        limit: usize,
    ) -> Result<Self, Refusal> {
        let (head, mut body) = response.into_parts();
        let (leading, mut trailing) = (head.headers, HeaderMap::new());
        let mut message = Message::of_at_most(limit);
        while let Some(frame) = body.frame().await {
            match frame?.into_data() {
                Ok(data) => message.push(data)?,
                Err(frame) => trailing = frame.into_trailers().unwrap_or_default(),
            }
        }
        let leads = || status(&leading).filter(|_| !message.has_begun());
        match status(&trailing).or_else(leads) {
            Some(status) if status.code() == Code::Ok => {}
            Some(status) => return Err(Refusal::with(status, leading, trailing)),
            None => return Err(without_status().into()),
        }
        let message = message.whole()?;
        let metadata = Metadata { leading, trailing };
        Ok(Self { metadata, message })
    }
}

/// The bytes of a message, as far as they have come. It mostly comes whole, and is not copied then.
struct Message {
    first: Bytes,
    /// If there is more than the first piece.
    whole: BytesMut,
    limit: usize,
}

impl Message {
    fn of_at_most(limit: usize) -> Self {
        let (first, whole) = (Bytes::new(), BytesMut::new());
        Self {
            first,
            whole,
            limit,
        }
    }

    fn push(&mut self, piece: Bytes) -> Result<(), Status> {
        if !self.has_begun() {
            self.first = piece;
        } else {
            if self.whole.is_empty() {
                let first = std::mem::take(&mut self.first);
                let expected = envelope::length_of(&first).unwrap_or(0).min(self.limit);
                self.whole.reserve(envelope::HEADER + expected);
                self.whole.extend_from_slice(&first);
            }
            self.whole.extend_from_slice(&piece);
        }
        let come = self.first.len() + self.whole.len();
        match self.length() {
            Some(length) if length > self.limit => Err(too_large(self.limit)),
            Some(length) if come > envelope::HEADER + length => {
                Err(malformed("more than one message"))
            }
            _ => Ok(()),
        }
    }

    fn has_begun(&self) -> bool {
        !(self.first.is_empty() && self.whole.is_empty())
    }

    fn length(&self) -> Option<usize> {
        envelope::length_of(match self.whole.is_empty() {
            true => &self.first,
            false => &self.whole,
        })
    }

    fn whole(self) -> Result<Bytes, Status> {
        let length = self.length();
        let mut frame = match self.whole.is_empty() {
            true => self.first,
            false => self.whole.freeze(),
        };
        match (length, frame.first()) {
            (Some(length), Some(0)) if frame.len() == envelope::HEADER + length => {
                Ok(frame.split_off(envelope::HEADER))
            }
            (_, Some(0) | None) => Err(malformed("no whole message")),
            (_, Some(_)) => Err(malformed("a compressed message, which nobody asked for")),
        }
    }
}

fn too_large(limit: usize) -> Status {
    let message = format!("the reply is larger than {limit} bytes");
    Status::resource_exhausted(message)
}

fn malformed(what: &str) -> Status {
    Status::internal(format!("the upstream replied with {what}"))
}

//! Messages in envelopes as the client writes and packs them: Connect's streams, and gRPC and gRPC-Web
//! in JSON. The upstream speaks protobuf, not packed.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::Stream;
use net::coding::Coding;
use tonic::Code;

use super::codec::Codec;
use super::coding::{MIN_BYTES, unpack};
use super::replies::{End, Replies, Reply, packed};
use super::step::Step;
use crate::failure::{Failure, Problem, Reason};
use crate::policy::Served;
use crate::wire::envelope::{self, Envelopes};

/// The flag of a compressed message.
const COMPRESSED: u8 = 1;

/// What the client's envelopes are read by.
pub(crate) struct Reading {
    pub(crate) served: Arc<Served>,
    pub(crate) codec: Codec,
    pub(crate) coding: Option<Coding>,
    pub(crate) limit: usize,
}

impl Reading {
    /// An envelope as a frame of gRPC.
    fn frame(&self, flags: u8, message: Bytes) -> Result<Bytes, Failure> {
        let message = match (flags, self.coding) {
            (0, _) => message,
            (COMPRESSED, Some(coding)) => unpack(coding, &message, self.limit)?,
            (COMPRESSED, None) => {
                // Connect, Streaming-Request, and gRPC, compression.md: internal.
                let message = "a message in an unnamed coding";
                let problem = Problem::new(Reason::MalformedRequest, Code::Internal, message);
                return Err(problem.into());
            }
            _ => return Err(Failure::malformed("an envelope with unknown flags")),
        };
        let message = self.codec.request(&self.served, message)?;
        Ok(envelope::write(0, &message))
    }

    /// The only envelope of a body, as a frame.
    pub(crate) fn only(&self, body: &Bytes) -> Result<Bytes, Failure> {
        let (flags, message) = envelope::single(body, self.limit)?;
        self.frame(flags, message)
    }
}

/// A stream of envelopes.
pub(crate) struct RequestMessages {
    reading: Reading,
    envelopes: Envelopes,
}

impl RequestMessages {
    pub(crate) fn of(reading: Reading) -> Self {
        let envelopes = Envelopes::of_at_most(reading.limit);
        Self { reading, envelopes }
    }

    /// The frames of all envelopes of a body.
    pub(crate) fn all(mut self, body: Bytes) -> Result<Bytes, Failure> {
        let frames = self.step(Some(body))?;
        self.step(None)?;
        Ok(frames)
    }
}

impl Step for RequestMessages {
    fn step(&mut self, piece: Option<Bytes>) -> Result<Bytes, Failure> {
        let Some(piece) = piece else {
            let cut = || Failure::malformed("the body ended before its end");
            let is_whole = self.envelopes.is_empty();
            return is_whole.then(Bytes::new).ok_or_else(cut);
        };
        self.envelopes.push(&piece);
        let mut frames = BytesMut::new();
        while let Some((flags, message)) = self.envelopes.next()? {
            frames.extend_from_slice(&self.reading.frame(flags, message)?);
        }
        Ok(frames.freeze())
    }

    fn has_begun(&self) -> bool {
        !self.envelopes.is_empty()
    }

    fn held(&self) -> usize {
        self.envelopes.held()
    }
}

/// Replies on their way to the client. It reads from upstream when the client takes.
pub(crate) struct ReplyMessages {
    served: Arc<Served>,
    codec: Codec,
    replies: Option<Replies>,
    /// For messages that are large enough.
    packing: Option<Coding>,
    envelopes: Envelopes,
}

impl ReplyMessages {
    /// Of messages of at most `limit` bytes.
    pub(crate) fn of(
        served: Arc<Served>,
        codec: Codec,
        replies: Replies,
        packing: Option<Coding>,
        limit: usize,
    ) -> Self {
        Self {
            served,
            codec,
            replies: Some(replies),
            packing,
            envelopes: Envelopes::of_at_most(limit),
        }
    }

    /// All parts: an envelope each, and the end.
    pub(crate) fn parts(self) -> impl Stream<Item = Reply> + Send {
        futures::stream::unfold(self, |mut messages| async move {
            messages.next().await.map(|reply| (reply, messages))
        })
    }

    async fn next(&mut self) -> Option<Reply> {
        let end = loop {
            let message = match self.envelopes.next() {
                Ok(Some((0, message))) => self.envelope(message),
                Ok(Some(_)) => Err(packed()),
                Ok(None) => match self.replies.as_mut()?.next().await? {
                    Reply::Data(data) => {
                        self.envelopes.push(&data);
                        continue;
                    }
                    Reply::End(end) => break end,
                },
                Err(error) => Err(error.into()),
            };
            match message {
                Ok(envelope) => return Some(Reply::Data(envelope)),
                Err(failure) => break End::failed(failure),
            }
        };
        self.replies = None;
        self.envelopes = Envelopes::of_at_most(0);
        Some(Reply::End(end))
    }

    fn envelope(&self, message: Bytes) -> Result<Bytes, Failure> {
        let message = self.codec.response(&self.served, message)?;
        Ok(match self.packing {
            Some(coding) if message.len() > MIN_BYTES => {
                envelope::write(COMPRESSED, &coding.pack(&message))
            }
            _ => envelope::write(0, &message),
        })
    }
}

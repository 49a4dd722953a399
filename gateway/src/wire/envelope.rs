//! Messages as gRPC and Connect tell them apart: a byte of flags, four of length (big-endian), and
//! the message (gRPC over HTTP/2, Length-Prefixed-Message; Connect, Enveloped-Message).

use std::cmp::Ordering;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

/// Bytes before each message.
pub(crate) const HEADER: usize = 5;

/// Why bytes are not the messages that they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EnvelopeError {
    /// A message has more bytes than this.
    #[error("the message is larger than {0} bytes")]
    TooLarge(usize),
    /// What should be one message is none, or several.
    #[error("the body is not exactly one message")]
    NotOne,
    /// The last message is not whole.
    #[error("the body ended within a message")]
    Cut,
}

/// One message with its header.
pub(crate) fn write(flags: u8, message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).expect("messages are limited to far below 4 GiB");
    let mut frame = BytesMut::with_capacity(HEADER + message.len());
    frame.put_u8(flags);
    frame.put_u32(length);
    frame.put_slice(message);
    frame.freeze()
}

/// The length of the message that these bytes begin, if its header has come.
pub(crate) fn length_of(frame: &[u8]) -> Option<usize> {
    let [_, length @ ..] = frame.first_chunk::<HEADER>()?;
    Some(u32::from_be_bytes(*length) as usize)
}

/// The flags and the message, if the bytes are exactly one.
pub(crate) fn single(frame: &Bytes, limit: usize) -> Result<(u8, Bytes), EnvelopeError> {
    let Some((header, message)) = frame.split_first_chunk::<HEADER>() else {
        return Err(match frame.is_empty() {
            true => EnvelopeError::NotOne,
            false => EnvelopeError::Cut,
        });
    };
    match message.len().cmp(&length(header, limit)?) {
        Ordering::Less => Err(EnvelopeError::Cut),
        Ordering::Equal => Ok((header[0], frame.slice(HEADER..))),
        Ordering::Greater => Err(EnvelopeError::NotOne),
    }
}

/// Takes messages out of a stream of bytes. It holds no more than one message and what came with it.
#[derive(Debug)]
pub(crate) struct Envelopes {
    buffer: BytesMut,
    limit: usize,
}

impl Envelopes {
    /// Of messages of at most `limit` bytes.
    pub(crate) fn of_at_most(limit: usize) -> Self {
        let buffer = BytesMut::new();
        Self { buffer, limit }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole message with its flags.
    pub(crate) fn next(&mut self) -> Result<Option<(u8, Bytes)>, EnvelopeError> {
        let Some((header, rest)) = self.buffer.split_first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let flags = header[0];
        let length = length(header, self.limit)?;
        if rest.len() < length {
            return Ok(None);
        }
        self.buffer.advance(HEADER);
        Ok(Some((flags, self.buffer.split_to(length).freeze())))
    }

    /// Nothing is left of a message that is not whole.
    pub(crate) fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Bytes of such a message.
    pub(crate) fn held(&self) -> usize {
        self.buffer.len()
    }
}

/// Watches the sizes of messages that pass by.
#[derive(Debug)]
pub(crate) struct Sizes {
    header: [u8; HEADER],
    /// Bytes of the header that have come.
    known: usize,
    /// Bytes of the message that have not.
    left: usize,
    length: usize,
    limit: usize,
}

impl Sizes {
    /// Of messages of at most `limit` bytes.
    pub(crate) fn of_at_most(limit: usize) -> Self {
        Self {
            header: [0; HEADER],
            known: 0,
            left: 0,
            length: 0,
            limit,
        }
    }

    /// A message has come in part.
    pub(crate) fn has_begun(&self) -> bool {
        self.left > 0 || self.known > 0
    }

    /// Bytes that have come of a message that is not whole.
    pub(crate) fn come(&self) -> usize {
        match self.left {
            0 => self.known,
            left => HEADER + self.length - left,
        }
    }

    /// These bytes are next.
    pub(crate) fn see(&mut self, mut bytes: &[u8]) -> Result<(), EnvelopeError> {
        while !bytes.is_empty() {
            let skipped = self.left.min(bytes.len());
            self.left -= skipped;
            bytes.advance(skipped);
            if self.left > 0 {
                break;
            }
            let taken = (HEADER - self.known).min(bytes.len());
            self.header[self.known..self.known + taken].copy_from_slice(&bytes[..taken]);
            self.known += taken;
            bytes.advance(taken);
            if self.known == HEADER {
                self.length = length(&self.header, self.limit)?;
                (self.left, self.known) = (self.length, 0);
            }
        }
        Ok(())
    }
}

fn length([_, length @ ..]: &[u8; HEADER], limit: usize) -> Result<usize, EnvelopeError> {
    let length = u32::from_be_bytes(*length) as usize;
    match length > limit {
        true => Err(EnvelopeError::TooLarge(limit)),
        false => Ok(length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_whole_however_their_bytes_are_cut() {
        let bytes = [write(0, b"one"), write(1, b""), write(2, b"three")].concat();
        for piece in 1..=bytes.len() {
            let (mut envelopes, mut sizes) = (Envelopes::of_at_most(5), Sizes::of_at_most(5));
            let mut messages = Vec::new();
            for piece in bytes.chunks(piece) {
                sizes.see(piece).unwrap();
                envelopes.push(piece);
                while let Some(message) = envelopes.next().unwrap() {
                    messages.push(message);
                }
            }
            let expected: [(u8, &[u8]); 3] = [(0, b"one"), (1, b""), (2, b"three")];
            assert_eq!(messages, expected.map(|(f, m)| (f, Bytes::from_static(m))));
            assert!(envelopes.is_empty() && sizes.left == 0 && sizes.known == 0);
        }
    }

    #[test]
    fn a_message_is_refused_by_its_header() {
        let header = [0, 0, 0, 0, 6];
        let mut envelopes = Envelopes::of_at_most(5);
        envelopes.push(&header);
        assert!(envelopes.next().is_err());
        assert!(Sizes::of_at_most(5).see(&header).is_err());
        assert!(Sizes::of_at_most(6).see(&header).is_ok());
        let single = |frames| single(&Bytes::from_static(frames), 5);
        assert_eq!(single(b""), Err(EnvelopeError::NotOne));
        assert_eq!(single(b"\0\0\0\0\x01ab"), Err(EnvelopeError::NotOne));
        assert_eq!(single(b"\0\0\0\0\x02a"), Err(EnvelopeError::Cut));
        assert_eq!(single(b"\0\0"), Err(EnvelopeError::Cut));
        assert_eq!(
            single(b"\x01\0\0\0\x01a"),
            Ok((1, Bytes::from_static(b"a")))
        );
    }
}

//! What comes of a WebSocket, within what a body may take of memory and time: a message is kept until
//! it is whole, and has to come on once it has begun.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::access_log::Entry;
use crate::body::Allowance;
use crate::call::requests::{Refused, lock};
use crate::failure::Failure;

/// A connection that is read within an allowance.
pub(super) struct Metered<S> {
    stream: S,
    frames: Frames,
    allowance: Allowance,
    refused: Refused,
    /// Who counts bytes, if anybody does.
    entry: Option<Arc<Entry>>,
}

impl<S> Metered<S> {
    /// What is refused is an error; `refused` says why.
    pub(super) fn of(
        stream: S,
        allowance: Allowance,
        refused: Refused,
        entry: Option<Arc<Entry>>,
    ) -> Self {
        Self {
            stream,
            frames: Frames::default(),
            allowance,
            refused,
            entry,
        }
    }

    fn refuse(&self, failure: Failure) -> io::Error {
        let error = io::Error::other(failure.message().to_owned());
        *lock(&self.refused) = Some(failure);
        error
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let this = &mut *self;
        match read {
            Poll::Ready(Ok(())) => {
                let come = &buffer.filled()[before..];
                this.allowance.pace.came(come.len());
                if let Some(entry) = &this.entry {
                    entry.received().add(come.len());
                }
                this.frames.see(come);
                let held = this.allowance.held.set(this.frames.held);
                Poll::Ready(held.map_err(|failure| this.refuse(failure)))
            }
            Poll::Pending if this.frames.has_begun() => {
                let over = this.allowance.pace.poll_over(context);
                over.map(|failure| Err(this.refuse(failure)))
            }
            Poll::Pending => {
                this.allowance.pace.rest();
                Poll::Pending
            }
            failed => failed,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        if let (Some(entry), Poll::Ready(Ok(written))) = (&self.entry, &written) {
            entry.sends(*written);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The most bytes before a frame's payload: two, eight of length, four of mask.
const HEADER: usize = 14;
/// Of the first byte: the last frame of its message; a frame that is no part of one.
const FINAL: u8 = 0x80;
const CONTROL: u8 = 0x08;
/// Of the second.
const MASKED: u8 = 0x80;

/// Watches frames that pass by (RFC 6455, section 5.2), for what they hold of messages that are not
/// whole.
#[derive(Debug, Default)]
struct Frames {
    header: [u8; HEADER],
    /// Bytes of the header that have come.
    known: usize,
    /// Bytes of the payload that have not.
    left: u64,
    /// A message has had frames, and its last one has not ended.
    is_amid: bool,
    /// Bytes of that message.
    held: usize,
}

impl Frames {
    fn has_begun(&self) -> bool {
        self.known > 0 || self.is_amid
    }

    fn see(&mut self, mut bytes: &[u8]) {
        while let Some((byte, rest)) = bytes.split_first() {
            if self.left == 0 {
                self.header[self.known] = *byte;
                self.known += 1;
                bytes = rest;
                if let Some(length) = self.length() {
                    self.left = length;
                    if self.is_data() {
                        self.is_amid = true;
                    }
                    self.end_if_whole();
                }
                continue;
            }
            let length = bytes.len();
            let come = usize::try_from(self.left).unwrap_or(length).min(length);
            if self.is_data() {
                self.held += come;
            }
            self.left -= come as u64;
            bytes = &bytes[come..];
            self.end_if_whole();
        }
    }

    /// Of the payload, if the header is whole.
    fn length(&self) -> Option<u64> {
        let [_, second, ..] = self.header;
        let (lengths, short) = match second & !MASKED {
            126 => (2, None),
            127 => (8, None),
            short => (0, Some(u64::from(short))),
        };
        let mask = if second & MASKED == 0 { 0 } else { 4 };
        if self.known < 2 + lengths + mask {
            return None;
        }
        let bytes = self.header[2..2 + lengths].iter();
        let long = bytes.fold(0, |length, byte| length << 8 | u64::from(*byte));
        Some(short.unwrap_or(long))
    }

    fn is_data(&self) -> bool {
        self.header[0] & CONTROL == 0
    }

    fn end_if_whole(&mut self) {
        if self.left > 0 {
            return;
        }
        self.known = 0;
        if self.is_data() && self.header[0] & FINAL != 0 {
            (self.is_amid, self.held) = (false, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(first: u8, payload: usize) -> Vec<u8> {
        let mut frame = vec![first];
        match payload {
            0..126 => frame.push(MASKED | payload as u8),
            _ => {
                frame.push(MASKED | 126);
                frame.extend((payload as u16).to_be_bytes());
            }
        }
        frame.extend([7; 4]);
        frame.resize(frame.len() + payload, 7);
        frame
    }

    #[test]
    fn what_is_held_is_what_has_come_of_a_message() {
        let (text, more, ping) = (0x01, 0x00, 0x89);
        for piece in [1, 3, 1000] {
            let mut frames = Frames::default();
            let mut see = |bytes: &[u8]| {
                bytes.chunks(piece).for_each(|piece| frames.see(piece));
                (frames.held, frames.has_begun())
            };
            assert_eq!(see(&[]), (0, false));
            assert_eq!(see(&frame(text | FINAL, 5)), (0, false));
            assert_eq!(see(&frame(ping, 100)), (0, false));
            assert_eq!(see(&frame(text, 300)), (300, true));
            assert_eq!(see(&frame(ping, 0)), (300, true));
            assert_eq!(see(&frame(more, 10)), (310, true));
            let last = frame(more | FINAL, 200);
            assert_eq!(see(&last[..3]), (310, true));
            assert_eq!(see(&last[3..108]), (410, true));
            assert_eq!(see(&last[108..]), (0, false));
            assert_eq!(see(&frame(text | FINAL, 0)), (0, false));
            assert_eq!(see(&frame(ping, 3)[..1]), (0, true));
        }
    }
}

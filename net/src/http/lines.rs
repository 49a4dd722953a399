//! The lines of HTTP/1.1 end in CRLF.
//!
//! A recipient may take a bare LF for the end of a line (RFC 9112, section 2.2), and hyper does. Where
//! something in front does not, both see different requests in the same bytes, so it is refused here:
//! in the request line, in header fields, in the lines of chunks and in trailers. Bodies, HTTP/2 and
//! what follows a switch of protocols pass as they are.

use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use memchr::memchr;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::flushes::Flushes;

/// What HTTP/2 begins with (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r";

/// What headers and trailers end in.
const END: &[u8] = b"\r\n\r\n";

/// A connection whose lines are checked as they are read.
pub(super) struct Lines<S> {
    stream: S,
    check: Check,
    switch: ProtocolSwitch,
    flushes: Flushes,
}

/// Tells that a connection goes on in another protocol.
#[derive(Clone, Default)]
pub(super) struct ProtocolSwitch(Arc<AtomicBool>);

impl ProtocolSwitch {
    pub(super) fn on(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<S> Lines<S> {
    /// Lines longer than `longest` are for whoever parses them to refuse.
    pub(super) fn of(stream: S, longest: usize, switch: ProtocolSwitch, flushes: Flushes) -> Self {
        Self {
            stream,
            check: Check::new(longest),
            switch,
            flushes,
        }
    }
}

/// Follows the framing of requests as far as is needed to know what is a line.
struct Check {
    place: Place,
    /// The beginning of a line that came without its end.
    line: Vec<u8>,
    longest: usize,
    length: Option<u64>,
    is_chunked: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before a request line.
    Start,
    Headers,
    /// So many bytes of a body whose length was said.
    Body(u64),
    ChunkSize,
    Chunk(u64),
    /// Behind the bytes of a chunk.
    ChunkEnd,
    Trailers,
    /// Nothing is checked any more.
    Open,
    /// A line was refused, and the parser has not been told that nothing follows.
    Refused,
    Over,
}

/// The line is not one.
struct BareLineFeed;

impl Check {
    fn new(longest: usize) -> Self {
        Self {
            place: Place::Start,
            line: Vec::new(),
            longest,
            length: None,
            is_chunked: false,
        }
    }

    /// These bytes are next. Where a line is refused, a NUL takes the place of its end, which no parser
    /// takes: so the refusal is that of any malformed request.
    fn see(&mut self, bytes: &mut [u8]) {
        let mut at = 0;
        while at < bytes.len() {
            let rest = bytes.len() - at;
            match &mut self.place {
                Place::Open | Place::Refused | Place::Over => return,
                Place::Body(left) | Place::Chunk(left) => {
                    let skipped = usize::try_from(*left).unwrap_or(rest).min(rest);
                    *left -= skipped as u64;
                    at += skipped;
                    self.place = match self.place {
                        Place::Body(0) => Place::Start,
                        Place::Chunk(0) => Place::ChunkEnd,
                        place => place,
                    };
                }
                _ => {
                    let end = memchr(b'\n', &bytes[at..]);
                    let (Some(length), true) = (end, self.line.len() <= self.longest) else {
                        return self.keep(&bytes[at..]);
                    };
                    let seen = self.end(&bytes[at..at + length]);
                    at += length + 1;
                    if seen.is_err() {
                        bytes[at - 1] = 0;
                        self.place = Place::Refused;
                    }
                }
            }
        }
    }

    fn keep(&mut self, part: &[u8]) {
        self.line.extend_from_slice(part);
        if self.line.len() > self.longest {
            (self.place, self.line) = (Place::Open, Vec::new());
        }
    }

    fn end(&mut self, last: &[u8]) -> Result<(), BareLineFeed> {
        if self.line.is_empty() {
            return self.line(last);
        }
        let mut whole = mem::take(&mut self.line);
        whole.extend_from_slice(last);
        let seen = self.line(&whole);
        whole.clear();
        self.line = whole;
        seen
    }

    /// A line, without its LF.
    fn line(&mut self, line: &[u8]) -> Result<(), BareLineFeed> {
        if self.place == Place::Start && line == PREFACE {
            self.place = Place::Open;
            return Ok(());
        }
        let line = line.strip_suffix(b"\r").ok_or(BareLineFeed)?;
        match self.place {
            Place::Start if line.is_empty() => {}
            Place::Start => {
                (self.length, self.is_chunked) = (None, false);
                self.place = Place::Headers;
            }
            Place::Headers if line.is_empty() => {
                self.place = match (self.is_chunked, self.length) {
                    (true, _) => Place::ChunkSize,
                    (false, Some(length @ 1..)) => Place::Body(length),
                    (false, _) => Place::Start,
                }
            }
            Place::Headers => self.header(line)?,
            Place::ChunkSize => {
                self.place = match chunk_size(line) {
                    Some(0) => Place::Trailers,
                    Some(size) => Place::Chunk(size),
                    None => return Err(BareLineFeed),
                }
            }
            Place::ChunkEnd if line.is_empty() => self.place = Place::ChunkSize,
            Place::ChunkEnd => return Err(BareLineFeed),
            Place::Trailers if line.is_empty() => self.place = Place::Start,
            _ => {}
        }
        Ok(())
    }

    /// What a header says of the body. A second length is refused even if it is the same (RFC 9110,
    /// section 8.6); what else is wrong with one, the parser refuses.
    fn header(&mut self, line: &[u8]) -> Result<(), BareLineFeed> {
        let Some(colon) = memchr(b':', line) else {
            return Ok(());
        };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            if self.length.is_some() {
                return Err(BareLineFeed);
            }
            let length = std::str::from_utf8(value).ok().map(str::parse);
            self.length = Some(length.and_then(Result::ok).unwrap_or(0));
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            let last = value.rsplit(|byte| *byte == b',').next();
            let last = last.unwrap_or_default().trim_ascii();
            self.is_chunked = last.eq_ignore_ascii_case(b"chunked");
        }
        Ok(())
    }
}

/// The size that the line of a chunk begins with (RFC 9112, section 7.1).
fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit());
    let (size, extension) = line.split_at(digits.count());
    let is_extension = matches!(extension.first(), None | Some(b';' | b' ' | b'\t'));
    let size = std::str::from_utf8(size).ok().filter(|_| is_extension)?;
    u64::from_str_radix(size, 16).ok()
}

impl<S: AsyncRead + Unpin> AsyncRead for Lines<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match self.check.place {
            Place::Open => return Pin::new(&mut self.stream).poll_read(context, buffer),
            // A parser that waits for the end of the headers looks at them now.
            Place::Refused if buffer.remaining() >= END.len() => {
                buffer.put_slice(END);
                self.check.place = Place::Over;
                return Poll::Ready(Ok(()));
            }
            Place::Refused | Place::Over => {
                return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
            }
            _ => ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?,
        }
        if self.switch.0.load(Ordering::Relaxed) {
            self.check.place = Place::Open;
        }
        self.check.see(&mut buffer.filled_mut()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Lines<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.flushes.done();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of bytes, however they are cut.
    fn seen(bytes: &str) -> String {
        let mut whole = None;
        for piece in 1..=bytes.len() {
            let mut check = Check::new(1000);
            let mut seen = bytes.as_bytes().to_vec();
            seen.chunks_mut(piece).for_each(|piece| check.see(piece));
            let seen = String::from_utf8(seen).unwrap();
            assert_eq!(*whole.get_or_insert_with(|| seen.clone()), seen, "{piece}");
        }
        whole.unwrap()
    }

    const GET: &str = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";

    #[test]
    fn what_has_its_line_breaks_passes_as_it_is() {
        for request in [
            GET,
            "\r\nGET / HTTP/1.1\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\na\nb\n",
            "POST / HTTP/1.1\r\ntransfer-encoding: gzip, Chunked\r\n\r\n3;x=y\r\n\n\n\n\r\n0\r\nx: y\r\n\r\n",
            "POST / HTTP/1.1\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n1\r\n\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n",
        ] {
            let twice = format!("{request}{GET}{request}");
            assert_eq!(seen(&twice), twice);
        }
        let http2 = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\n\n\n";
        assert_eq!(seen(http2), http2);
    }

    #[test]
    fn the_first_bare_line_feed_is_made_unreadable() {
        for (before, after) in [
            ("GET / HTTP/1.1", "host: x\r\n\r\n"),
            ("GET / HTTP/1.1\r\nhost: x", "\r\n"),
            ("GET / HTTP/1.1\r\nhost: x\r\n", "\r\n"),
            ("", "GET / HTTP/1.1\r\n\r\n"),
            ("POST / HTTP/1.1\r\ncontent-length: 1\r\n\r\n\n", ""),
            (
                "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1",
                "a\r\n0\r\n\r\n",
            ),
            (
                "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\na",
                "0\r\n\r\n",
            ),
            (
                "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0",
                "\r\n",
            ),
            (
                "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: y",
                "\r\n",
            ),
            (
                "POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 1\r",
                "\r\na",
            ),
        ] {
            for request in ["", GET] {
                let bytes = format!("{request}{before}\n{after}");
                assert_eq!(
                    seen(&bytes),
                    format!("{request}{before}\0{after}"),
                    "{bytes:?}"
                );
            }
        }
    }

    #[test]
    fn a_line_without_end_is_not_kept() {
        let mut check = Check::new(1000);
        for _ in 0..2000 {
            check.see(&mut [b'x']);
        }
        assert_eq!((check.place, check.line.capacity()), (Place::Open, 0));
    }
}

//! `multipart/form-data` (RFC 7578, RFC 2046 section 5.1), piece by piece.
//!
//! [`Multipart`] is given bytes as they come and gives parts and their content as soon as they are
//! known. It holds no more than what it was given last and the headers of one part, so a file passes
//! through however large it is.
//!
//! ```
//! use transcoder::multipart::{Event, Multipart};
//!
//! let mut parts = Multipart::of("multipart/form-data; boundary=x").expect("it is one")?;
//! parts.push(b"--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nhel");
//! let Some(Event::Part(part)) = parts.next()? else { panic!("a part begins") };
//! assert_eq!(part.name, "file");
//! parts.push(b"lo\r\n--x--");
//! assert_eq!(parts.next()?, Some(Event::Data("hello".into())));
//! assert_eq!(parts.next()?, None);
//! parts.end()?;
//! # Ok::<(), transcoder::multipart::MultipartError>(())
//! ```

use bytes::{Buf as _, Bytes, BytesMut};
use memchr::memmem::Finder;

mod header;

use header::parameter;

/// Most bytes of the headers of one part.
const MAX_HEADERS: usize = 8 << 10;
/// Most parts.
const MAX_PARTS: usize = 256;
/// RFC 2046 section 5.1.1.
const MAX_BOUNDARY: usize = 70;

/// What a part says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part {
    /// The name of the form's field.
    pub name: String,
    /// The name of the file, if it is one.
    pub file_name: Option<String>,
    /// The media type; empty if it gives none.
    pub content_type: String,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A part begins.
    Part(Part),
    /// Content of the part that began last.
    Data(Bytes),
}

/// Bytes that are no such form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("multipart/form-data: {0}")]
pub struct MultipartError(String);

/// The parts of a body.
#[derive(Debug)]
pub struct Multipart {
    /// What stands between parts: a line break, two dashes, the boundary.
    delimiter: Finder<'static>,
    buffer: BytesMut,
    state: State,
    parts: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first part.
    Preamble,
    /// Behind a delimiter.
    Delimited,
    /// In the headers of a part.
    Headers,
    /// In its content.
    Content,
    /// Behind the last part.
    Over,
}

impl Multipart {
    /// Of a body with that `content-type`; `None` if it is no `multipart/form-data`.
    #[must_use]
    pub fn of(content_type: &str) -> Option<Result<Self, MultipartError>> {
        let (essence, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
        if !essence.trim().eq_ignore_ascii_case("multipart/form-data") {
            return None;
        }
        let boundary = parameter(parameters, "boundary");
        let boundary = boundary.filter(|b| !b.is_empty() && b.len() <= MAX_BOUNDARY);
        Some(match boundary {
            None => Err(wrong("a boundary of 1 to 70 characters is missing")),
            Some(boundary) => Ok(Self::new(&boundary)),
        })
    }

    fn new(boundary: &str) -> Self {
        let delimiter = format!("\r\n--{boundary}");
        Self {
            delimiter: Finder::new(delimiter.as_bytes()).into_owned(),
            // The line break before the first delimiter may be the start of the body.
            buffer: BytesMut::from(&b"\r\n"[..]),
            state: State::Preamble,
            parts: 0,
        }
    }

    /// More of the body.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.state != State::Over {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Bytes that were given and have not come out.
    #[must_use]
    pub fn held(&self) -> usize {
        self.buffer.len()
    }

    /// What comes next; `None` if more bytes are needed to know, or if nothing comes any more.
    ///
    /// # Errors
    /// [`MultipartError`] says what is wrong.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator would end for good"
    )]
    pub fn next(&mut self) -> Result<Option<Event>, MultipartError> {
        loop {
            let state = self.state;
            match state {
                State::Over => return Ok(None),
                State::Headers => return Ok(self.headers()?.map(Event::Part)),
                State::Delimited => match self.delimited()? {
                    true => {}
                    false => return Ok(None),
                },
                State::Preamble | State::Content => match self.content() {
                    Some(content) if state == State::Content => {
                        return Ok(Some(Event::Data(content)));
                    }
                    None if self.state == state => return Ok(None),
                    // What stands before the first part is nobody's, and content may be empty.
                    _ => {}
                },
            }
        }
    }

    /// Whether the body was whole.
    ///
    /// # Errors
    /// [`MultipartError`] if it ended before its last delimiter.
    pub fn end(&self) -> Result<(), MultipartError> {
        match self.state {
            State::Over => Ok(()),
            _ => Err(wrong("the body ended before its last boundary")),
        }
    }

    /// What is sure to stand before the next delimiter.
    fn content(&mut self) -> Option<Bytes> {
        let delimiter = self.delimiter.needle().len();
        let (length, is_last) = match self.delimiter.find(&self.buffer) {
            Some(at) => (at, true),
            // The end may be the start of a delimiter.
            None => (self.buffer.len().saturating_sub(delimiter - 1), false),
        };
        let content = self.buffer.split_to(length).freeze();
        if is_last {
            self.buffer.advance(delimiter);
            self.state = State::Delimited;
        }
        (!content.is_empty()).then_some(content)
    }

    /// Whether what follows a delimiter is known: the end, or a part.
    fn delimited(&mut self) -> Result<bool, MultipartError> {
        if self.buffer.starts_with(b"--") {
            self.state = State::Over;
            self.buffer.clear();
            return Ok(true);
        }
        // RFC 2046: white space may stand behind it.
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
        let padding = self.buffer.iter().take_while(|byte| is_space(byte)).count();
        if padding > MAX_HEADERS {
            return Err(wrong("too much behind a boundary"));
        }
        match &self.buffer[padding..] {
            [b'\r', b'\n', ..] => {
                // The line break stays, so that no headers end like others: by an empty line.
                self.buffer.advance(padding);
                self.state = State::Headers;
                self.parts += 1;
                match self.parts > MAX_PARTS {
                    true => Err(wrong(format!("more than {MAX_PARTS} parts"))),
                    false => Ok(true),
                }
            }
            [] | [b'\r'] => Ok(false),
            [b'-'] if padding == 0 => Ok(false),
            _ => Err(wrong("a boundary that is longer than announced")),
        }
    }

    fn headers(&mut self) -> Result<Option<Part>, MultipartError> {
        let within = &self.buffer[..self.buffer.len().min(MAX_HEADERS)];
        let Some(end) = memchr::memmem::find(within, b"\r\n\r\n") else {
            return match within.len() == MAX_HEADERS {
                true => Err(wrong(format!("headers of more than {MAX_HEADERS} bytes"))),
                false => Ok(None),
            };
        };
        let headers = self.buffer.split_to(end);
        self.buffer.advance(4);
        self.state = State::Content;
        let headers = std::str::from_utf8(&headers).map_err(|_| wrong("headers are no UTF-8"))?;
        header::part(headers).map(Some)
    }
}

fn wrong(what: impl Into<String>) -> MultipartError {
    MultipartError(what.into())
}

#[cfg(test)]
mod tests;

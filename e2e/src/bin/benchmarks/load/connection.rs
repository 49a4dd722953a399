//! A connection of HTTP/1.1 that is kept.

use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(20);

/// One connection and what it has read.
pub(crate) struct Connection {
    stream: TcpStream,
    /// Bytes from the socket: a head, and of a body what is not in `body` yet.
    buffer: Vec<u8>,
    /// The body of the last reply, without the marks of its chunks.
    pub(super) body: Vec<u8>,
}

impl Connection {
    /// Connects to `host:port`.
    pub(crate) fn open(address: &str) -> io::Result<Connection> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Connection {
            stream,
            buffer: Vec::new(),
            body: Vec::new(),
        })
    }

    /// Sends a request and reads the whole reply. Its status.
    pub(crate) fn exchange(&mut self, request: &[u8]) -> io::Result<u16> {
        self.stream.write_all(request)?;
        self.buffer.clear();
        self.body.clear();
        let head = loop {
            self.more()?;
            let end = self.buffer.windows(4).position(|end| end == b"\r\n\r\n");
            if let Some(end) = end {
                break end + 4;
            }
        };
        let text = std::str::from_utf8(&self.buffer[..head]).map_err(io::Error::other)?;
        let status = text.get(9..12).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| io::Error::other("no status"))?;
        let value = |wanted: &str| {
            text.split("\r\n").find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case(wanted).then(|| value.trim())
            })
        };
        let length = value("content-length").and_then(|length| length.parse().ok());
        let chunked = value("transfer-encoding").is_some();
        self.buffer.drain(..head);
        match length {
            Some(length) => self.take(length)?,
            None if chunked => self.chunks()?,
            None => return Err(io::Error::other("a reply without a length")),
        }
        Ok(status)
    }

    /// RFC 9112, 7.1, without trailers.
    fn chunks(&mut self) -> io::Result<()> {
        loop {
            let end = loop {
                match self.buffer.windows(2).position(|end| end == b"\r\n") {
                    Some(end) => break end,
                    None => self.more()?,
                }
            };
            let size = std::str::from_utf8(&self.buffer[..end]).map_err(io::Error::other)?;
            let size = usize::from_str_radix(size.trim(), 16).map_err(io::Error::other)?;
            self.skip(end + 2)?;
            self.take(size)?;
            self.skip(2)?;
            if size == 0 {
                return Ok(());
            }
        }
    }

    /// Moves so many bytes into the body.
    fn take(&mut self, mut count: usize) -> io::Result<()> {
        loop {
            let here = count.min(self.buffer.len());
            self.body.extend(self.buffer.drain(..here));
            count -= here;
            if count == 0 {
                return Ok(());
            }
            self.more()?;
        }
    }

    fn skip(&mut self, count: usize) -> io::Result<()> {
        while self.buffer.len() < count {
            self.more()?;
        }
        self.buffer.drain(..count);
        Ok(())
    }

    fn more(&mut self) -> io::Result<()> {
        let mut chunk = [0; 16 << 10];
        match self.stream.read(&mut chunk)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                self.buffer.extend_from_slice(&chunk[..count]);
                Ok(())
            }
        }
    }
}

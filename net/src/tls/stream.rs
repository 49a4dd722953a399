//! The bytes of a connection, as they are or in TLS.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsStream;

use super::certificate::ClientCertificate;

/// Bytes of what a peer begins with that are looked at.
const OPENING: usize = 256;

/// One connection of TCP. One type for both, lest all that serves requests be compiled twice.
pub enum Stream {
    /// What is written is what is sent.
    Plain(TcpStream),
    /// After the handshake.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// What the client has proved to be, if it has.
    pub fn client_certificate(&self) -> Option<ClientCertificate<'_>> {
        let Stream::Tls(stream) = self else {
            return None;
        };
        let chain = stream.get_ref().1.peer_certificates()?;
        chain.first().map(ClientCertificate::of)
    }

    pub(crate) fn set_nodelay(&self) -> io::Result<()> {
        match self {
            Stream::Plain(stream) => stream.set_nodelay(true),
            Stream::Tls(stream) => stream.get_ref().0.set_nodelay(true),
        }
    }

    /// Whether the peer says anything before it goes, and such as may begin a connection; then it is
    /// still to be read.
    pub(crate) async fn begins(&mut self, may_begin: fn(&[u8]) -> bool) -> bool {
        match self {
            Stream::Plain(stream) => {
                let mut opening = [0; OPENING];
                let count = stream.peek(&mut opening).await.unwrap_or(0);
                let begins = count > 0 && may_begin(&opening[..count]);
                if !begins {
                    // With something unread, it would end in a reset.
                    let _ = stream.try_read(&mut opening);
                }
                begins
            }
            Stream::Tls(stream) => {
                let opening = stream.fill_buf().await;
                opening.is_ok_and(|opening| !opening.is_empty() && may_begin(opening))
            }
        }
    }
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Stream {
        Stream::Plain(stream)
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(context, parts),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(context, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

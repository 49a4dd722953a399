//! What a connection writes in one turn leaves in one call to the system.
//!
//! `h2` hands over every frame with a payload by itself, so that many small requests at once would
//! be as many writes. Here they are gathered until the connection has nothing more to say.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::tls::Stream;

/// Once so many bytes wait, those who write wait too.
const FULL: usize = 64 << 10;

/// A socket whose writes wait for [`Gathered::send`]. Clones are the same socket; flushing it does
/// nothing.
#[derive(Clone)]
pub(super) struct Gathered(Arc<Mutex<Inner>>);

struct Inner {
    stream: Stream,
    waiting: Vec<u8>,
    /// Of what waits, the bytes that have left.
    sent: usize,
}

impl Gathered {
    pub(super) fn new(stream: Stream) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            stream,
            waiting: Vec::new(),
            sent: 0,
        })))
    }

    /// Sends what waits.
    pub(super) fn send(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner().send(context)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.sent < self.waiting.len() {
            let rest = &self.waiting[self.sent..];
            match ready!(Pin::new(&mut self.stream).poll_write(context, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                sent => self.sent += sent,
            }
        }
        self.waiting.clear();
        self.sent = 0;
        // What a burst took is given back.
        self.waiting.shrink_to(FULL);
        // In TLS what was taken may not have left; a plain socket has nothing to do.
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn has_room(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.waiting.len() - self.sent < FULL {
            true => Poll::Ready(Ok(())),
            false => self.send(context),
        }
    }
}

impl AsyncRead for Gathered {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner().stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Gathered {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut inner = self.inner();
        ready!(inner.has_room(context))?;
        inner.waiting.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut inner = self.inner();
        ready!(inner.has_room(context))?;
        let before = inner.waiting.len();
        for slice in slices {
            inner.waiting.extend_from_slice(slice);
        }
        Poll::Ready(Ok(inner.waiting.len() - before))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.inner();
        ready!(inner.send(context))?;
        Pin::new(&mut inner.stream).poll_shutdown(context)
    }
}

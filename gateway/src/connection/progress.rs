//! Whether a connection gets on: something is under way on it, and its client reads what it is sent.
//!
//! HTTP/2 lets a client keep its connection alive and yet take nothing of a reply, by giving it no
//! window; so what counts is not what the socket takes, but what the protocol asks a reply for.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use futures::future::BoxFuture;
use http_body::{Body, Frame, SizeHint};
use net::http::Flushes;
use tokio::time::Instant;

use crate::access_log::Entry;
use crate::compression::Compressed;

/// Replies go out in pieces of at most so many bytes. Each that is asked for is a sign of life, and
/// what waits in buffers for a client does not keep the whole reply in memory.
const PIECE: usize = 16 << 10;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What is under way on one connection.
#[derive(Clone)]
pub(super) struct Progress(Arc<Mutex<State>>);

struct State {
    under_way: usize,
    idle_since: Instant,
    replies: Vec<Weak<Mutex<Reply>>>,
}

/// A request that was taken and whose reply has not been sent whole.
pub(super) struct UnderWay(Progress);

/// A reply's body, which is given up when nobody reads it.
pub(super) struct Watched(Arc<Mutex<Reply>>);

struct Reply {
    /// Since when the last piece has been waiting for the client.
    unread_since: Option<Instant>,
    /// `None` when it was given up.
    content: Option<Content>,
}

struct Content {
    body: Compressed,
    /// What is left of the last frame.
    rest: Bytes,
    flushes: Flushes,
    /// How many there had been when the last piece was taken.
    taken_at: usize,
    /// The body broke off: what was taken of it leaves before that is told.
    broken: Option<(BoxFuture<'static, ()>, BoxError)>,
    /// Its line of the access log.
    entry: Option<Arc<Entry>>,
    _under_way: UnderWay,
}

impl Progress {
    /// Of a connection that begins now.
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            under_way: 0,
            idle_since: Instant::now(),
            replies: Vec::new(),
        })))
    }

    /// A request has come.
    pub(super) fn begin(&self) -> UnderWay {
        lock(&self.0).under_way += 1;
        UnderWay(self.clone())
    }

    /// Gives up replies of which nothing was read for `send_timeout`. Completes when nothing has been
    /// under way for `idle_timeout`.
    pub(super) async fn ended(&self, idle_timeout: Duration, send_timeout: Duration) {
        loop {
            let now = Instant::now();
            let unread_until = self.give_up_unread(now, send_timeout);
            let idle_until = match self.idle_since() {
                Some(since) if since + idle_timeout <= now => return,
                Some(since) => since + idle_timeout,
                None => now + idle_timeout,
            };
            // What begins to wait from now on does so until after both.
            tokio::time::sleep_until(idle_until.min(unread_until)).await;
        }
    }

    fn idle_since(&self) -> Option<Instant> {
        let state = lock(&self.0);
        (state.under_way == 0).then_some(state.idle_since)
    }

    /// When to look again.
    fn give_up_unread(&self, now: Instant, send_timeout: Duration) -> Instant {
        let replies: Vec<_> = {
            let state = lock(&self.0);
            state.replies.iter().filter_map(Weak::upgrade).collect()
        };
        let mut next = now + send_timeout;
        for reply in replies {
            let mut reply = lock(&reply);
            let Some(since) = reply.unread_since else {
                continue;
            };
            match since + send_timeout {
                until if until > now => next = next.min(until),
                _ => (reply.content, reply.unread_since) = (None, None),
            }
        }
        next
    }
}

impl UnderWay {
    /// The request is answered by this.
    pub(super) fn reply(
        self,
        body: Compressed,
        flushes: Flushes,
        entry: Option<Arc<Entry>>,
    ) -> Watched {
        let progress = self.0.clone();
        let reply = Arc::new(Mutex::new(Reply {
            unread_since: Some(Instant::now()),
            content: Some(Content {
                body,
                rest: Bytes::new(),
                taken_at: flushes.count(),
                flushes,
                broken: None,
                entry,
                _under_way: self,
            }),
        }));
        let mut state = lock(&progress.0);
        state.replies.retain(|reply| reply.strong_count() > 0);
        state.replies.push(Arc::downgrade(&reply));
        Watched(reply)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = lock(&self.0.0);
        state.under_way -= 1;
        state.idle_since = Instant::now();
    }
}

impl Content {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.broken.is_none() {
            let polled = ready!(self.poll_piece(context));
            if let Some(entry) = &self.entry {
                note(entry, polled.as_ref());
            }
            match polled {
                Some(Err(error)) => {
                    let left = self.flushes.after(self.taken_at);
                    self.broken = Some((Box::pin(left), error));
                }
                piece => {
                    self.taken_at = self.flushes.count();
                    return Poll::Ready(piece);
                }
            }
        }
        if let Some((left, _)) = &mut self.broken {
            ready!(left.as_mut().poll(context));
        }
        Poll::Ready(self.broken.take().map(|(_, error)| Err(error)))
    }

    fn is_over(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn poll_piece(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.rest.is_empty() {
            let polled = Pin::new(&mut self.body).poll_frame(context);
            let Poll::Ready(Some(Ok(frame))) = polled else {
                return polled;
            };
            match frame.into_data() {
                Ok(data) if data.len() > PIECE => self.rest = data,
                Ok(data) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
            }
        }
        let length = self.rest.len().min(PIECE);
        let piece = Bytes::copy_from_slice(&self.rest[..length]);
        self.rest.advance(length);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}

/// What the access log is told of what was taken of a reply.
fn note(entry: &Entry, taken: Option<&Result<Frame<Bytes>, BoxError>>) {
    match taken {
        Some(Ok(frame)) => match (frame.data_ref(), frame.trailers_ref()) {
            (Some(data), _) => entry.sends(data.len()),
            (None, Some(trailers)) => {
                entry.is_told(trailers);
                entry.completes();
            }
            (None, None) => {}
        },
        None => entry.completes(),
        Some(Err(_)) => {}
    }
}

impl Drop for Content {
    /// Nobody asks for more of what is over.
    fn drop(&mut self) {
        if let Some(entry) = self.entry.as_ref().filter(|_| self.is_over()) {
            entry.completes();
        }
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut reply = lock(&self.0);
        reply.unread_since = None;
        let Some(content) = &mut reply.content else {
            return Poll::Ready(Some(Err("the reply was not read in time".into())));
        };
        let polled = content.poll(context);
        // A body that broke off waits for what the client has not read.
        if polled.is_ready() || content.broken.is_some() {
            reply.unread_since = Some(Instant::now());
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        let reply = lock(&self.0);
        let content = reply.content.as_ref();
        content.is_some_and(Content::is_over)
    }

    fn size_hint(&self) -> SizeHint {
        let reply = lock(&self.0);
        let Some(content) = &reply.content else {
            return SizeHint::default();
        };
        let (rest, body) = (content.rest.len() as u64, content.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(rest + body.lower());
        if let Some(upper) = body.upper() {
            hint.set_upper(rest + upper);
        }
        hint
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

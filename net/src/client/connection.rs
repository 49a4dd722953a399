//! One HTTP/2 connection: how it begins, which streams of it are taken, how it ends.

use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use h2::{Ping, PingPong};
use http::{Request, Response};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::exchange::{self, Incoming, NoReply};
use super::failure::Failure;
use super::gather::Gathered;
use super::request::RequestBody;
use super::target::Target;
use crate::tls::Stream as Socket;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Servers in TLS are farther away as a rule, and three round trips are needed where one suffices
/// otherwise. With one packet lost on the way, which is sent again after a second (RFC 6298), there is
/// still time for another.
const TLS_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A peer that is gone without a word is noticed after these two.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(5);
/// One call's reply may be this far ahead of its reader.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 8 * 1024 * 1024;
/// A status with all of its details travels in headers.
const HEADER_BYTES: u32 = 128 * 1024;
/// How many streams a peer allows that has not said so yet: no setting can be that.
const UNTOLD: usize = usize::MAX - 1;
/// What is assumed of it: as many as it should allow at least (RFC 9113, section 6.5.2).
const ASSUMED_STREAMS: usize = 100;

/// A connection that requests can be sent on until its peer says goodbye.
#[derive(Debug)]
pub(super) struct Connection {
    requests: SendRequest<Bytes>,
    state: Arc<Flags>,
}

#[derive(Debug, Default)]
pub(super) struct Flags {
    /// It takes no more requests, though what is under way on it may still be answered.
    is_leaving: AtomicBool,
    /// A reply came since the last look.
    was_heard: AtomicBool,
    /// Streams of requests in progress. `h2` would let further ones than the peer allows wait, and
    /// does not tell.
    taken: AtomicUsize,
}

/// A free stream of a connection, for one request.
pub(super) struct Stream {
    requests: SendRequest<Bytes>,
    slot: StreamSlot,
}

/// A stream that is taken until this is dropped.
#[derive(Debug)]
pub(super) struct StreamSlot(Arc<Flags>);

impl Connection {
    /// Connects. `idle` is told whenever nothing was sent and nothing came for a while.
    pub(super) async fn open(
        target: &Target,
        idle: impl Fn(&Arc<Flags>) + Send + 'static,
    ) -> Result<Connection, String> {
        let within = match target.origin {
            None => CONNECT_TIMEOUT,
            Some(_) => TLS_CONNECT_TIMEOUT,
        };
        let handshake = timeout(within, handshake(target)).await;
        let (requests, mut connection, stream) =
            handshake.map_err(|_| "connect timed out".to_owned())??;
        // What the peer allows is known before there is a request. Who is slow to say so may still
        // answer them.
        let greeting = timeout(CONNECT_TIMEOUT, greeting(&mut connection, &stream)).await;
        greeting.unwrap_or(Ok(()))?;
        let opened = Connection {
            requests,
            state: Arc::default(),
        };
        if opened.allowed() == 0 {
            return Err("it allows no streams".to_owned());
        }
        let (flags, pings) = (opened.state.clone(), connection.ping_pong());
        let address = target.address;
        tokio::spawn(async move {
            let pings = pings.expect("nobody has taken them before");
            tokio::select! {
                why = turns(connection, stream) => tracing::debug!(why, %address, "connection ended"),
                () = silence(pings, &flags, idle) => tracing::debug!(%address, "the peer is gone"),
            }
            flags.is_leaving.store(true, Ordering::Relaxed);
        });
        Ok(opened)
    }

    pub(super) fn takes_requests(&self) -> bool {
        !self.state.is_leaving.load(Ordering::Relaxed)
    }

    pub(super) fn is(&self, flags: &Arc<Flags>) -> bool {
        Arc::ptr_eq(&self.state, flags)
    }

    /// How many streams the peer allows.
    pub(super) fn allowed(&self) -> usize {
        match self.requests.current_max_send_streams() {
            UNTOLD => ASSUMED_STREAMS,
            allowed => allowed,
        }
    }

    /// How many of them are taken.
    pub(super) fn taken(&self) -> usize {
        self.state.taken.load(Ordering::Relaxed)
    }

    /// Takes a stream, which must be free.
    pub(super) fn take(&self) -> Stream {
        self.state.taken.fetch_add(1, Ordering::Relaxed);
        Stream {
            requests: self.requests.clone(),
            slot: StreamSlot(self.state.clone()),
        }
    }
}

impl Stream {
    /// Sends a request; completes when the headers of the reply are there. The stream is taken for as
    /// long as the reply is read.
    pub(super) async fn send(
        self,
        request: Request<RequestBody>,
    ) -> Result<(Response<Incoming>, StreamSlot), Failure> {
        let Stream { requests, slot } = self;
        let failure = match exchange::send(requests, request).await {
            Ok(response) => {
                slot.0.was_heard.store(true, Ordering::Relaxed);
                return Ok((response, slot));
            }
            Err(NoReply::Unsent(error)) => Failure::Goodbye(error.to_string()),
            Err(NoReply::Sent(error)) => Failure::of(&error),
        };
        if matches!(failure, Failure::Goodbye(_)) {
            slot.0.is_leaving.store(true, Ordering::Relaxed);
        }
        Err(failure)
    }
}

impl Drop for StreamSlot {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

type Driver = h2::client::Connection<Gathered>;

async fn handshake(target: &Target) -> Result<(SendRequest<Bytes>, Driver, Gathered), String> {
    let stream = TcpStream::connect(target.address)
        .await
        .map_err(|error| error.to_string())?;
    // Without it small requests wait for the peer's acknowledgements; it can only be slower.
    let _ = stream.set_nodelay(true);
    let stream = match &target.origin {
        None => Socket::Plain(stream),
        Some(origin) => origin.tls.connect(origin.name.clone(), stream).await?,
    };
    let stream = Gathered::new(stream);
    Builder::new()
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .initial_max_send_streams(UNTOLD)
        .max_header_list_size(HEADER_BYTES)
        .enable_push(false)
        .handshake(stream.clone())
        .await
        .map(|(requests, connection)| (requests, connection, stream))
        .map_err(|error| error.to_string())
}

/// Completes when the peer has said what it allows; fails with why the connection ended.
async fn greeting(connection: &mut Driver, stream: &Gathered) -> Result<(), String> {
    poll_fn(|context| match turn(connection, stream, context) {
        Poll::Ready(why) => Poll::Ready(Err(why)),
        Poll::Pending if connection.max_concurrent_send_streams() != UNTOLD => Poll::Ready(Ok(())),
        Poll::Pending => Poll::Pending,
    })
    .await
}

/// Drives a connection to its end; why it ended.
async fn turns(mut connection: Driver, stream: Gathered) -> String {
    poll_fn(|context| turn(&mut connection, &stream, context)).await
}

/// Drives a connection as far as it goes, and sends what it wrote.
fn turn(connection: &mut Driver, stream: &Gathered, context: &mut Context<'_>) -> Poll<String> {
    if let Poll::Ready(ended) = Pin::new(connection).poll(context) {
        let why = ended.err().map(|error| error.to_string());
        return Poll::Ready(why.unwrap_or_default());
    }
    match stream.send(context) {
        Poll::Ready(Err(error)) => Poll::Ready(error.to_string()),
        _ => Poll::Pending,
    }
}

/// Completes when the peer does not answer any more.
async fn silence(mut pings: PingPong, flags: &Arc<Flags>, idle: impl Fn(&Arc<Flags>)) {
    loop {
        tokio::time::sleep(KEEP_ALIVE_INTERVAL).await;
        if flags.was_heard.swap(false, Ordering::Relaxed) {
            continue;
        }
        idle(flags);
        let pong = pings.ping(Ping::opaque());
        let pong = tokio::time::timeout(KEEP_ALIVE_TIMEOUT, pong).await;
        if !matches!(pong, Ok(Ok(_))) {
            return;
        }
    }
}

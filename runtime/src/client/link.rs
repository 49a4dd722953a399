//! One HTTP/2 connection to one address, made again with growing pauses when it breaks.

use std::future::{Future as _, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use h2::{Ping, PingPong};
use http::{Request, Response};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::body::RequestBody;
use super::exchange::{self, Incoming, NoReply};
use super::failure::Failure;
use super::gather::Gathered;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// A peer that is gone without a word is noticed after these two.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LAST_PAUSE: Duration = Duration::from_secs(1);
/// One call's reply may be this far ahead of its reader.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 8 * 1024 * 1024;
/// A status with all of its details travels in headers.
const HEADER_BYTES: u32 = 128 * 1024;

#[derive(Debug, Default)]
pub(super) struct Link {
    state: Mutex<State>,
    connecting: tokio::sync::Mutex<()>,
}

/// A connection that requests can be sent on until its peer says goodbye.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    requests: SendRequest<Bytes>,
    state: Arc<Flags>,
}

#[derive(Debug, Default)]
struct Flags {
    /// It takes no more requests, though what is under way on it may still be answered.
    is_leaving: AtomicBool,
    /// A reply came since the last look.
    was_heard: AtomicBool,
}

impl Connection {
    pub(super) async fn send(
        &self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, Failure> {
        let failure = match exchange::send(self.requests.clone(), request).await {
            Ok(response) => {
                self.state.was_heard.store(true, Ordering::Relaxed);
                return Ok(response);
            }
            Err(NoReply::Unsent(error)) => Failure::Goodbye(error.to_string()),
            Err(NoReply::Sent(error)) => Failure::of(&error),
        };
        if matches!(failure, Failure::Goodbye(_)) {
            self.state.is_leaving.store(true, Ordering::Relaxed);
        }
        Err(failure)
    }

    fn takes_requests(&self) -> bool {
        !self.state.is_leaving.load(Ordering::Relaxed)
    }
}

#[derive(Debug, Default)]
struct State {
    connection: Option<Connection>,
    down: Option<Down>,
}

#[derive(Clone, Debug)]
struct Down {
    until: Instant,
    pause: Duration,
    why: String,
}

impl Link {
    /// Whether connecting failed just now.
    pub(super) fn is_down(&self) -> bool {
        self.state()
            .down
            .as_ref()
            .is_some_and(|down| down.until > Instant::now())
    }

    /// The connection; made if there is none. Fails at once while a pause lasts.
    pub(super) async fn connection(&self, address: SocketAddr) -> Result<Connection, Failure> {
        match self.existing() {
            Some(connection) => Ok(connection),
            None => Box::pin(self.connect(address)).await,
        }
    }

    async fn connect(&self, address: SocketAddr) -> Result<Connection, Failure> {
        let _one_at_a_time = self.connecting.lock().await;
        if let Some(connection) = self.existing() {
            return Ok(connection);
        }
        let down = self.state().down.clone();
        if let Some(down) = down.as_ref().filter(|down| down.until > Instant::now()) {
            return Err(Failure::NotHandled(down.why.clone()));
        }
        match connect(address).await {
            Ok(connection) => {
                *self.state() = State {
                    connection: Some(connection.clone()),
                    down: None,
                };
                Ok(connection)
            }
            Err(why) => {
                let why = format!("{address}: {why}");
                let pause = down.map_or(FIRST_PAUSE, |down| (down.pause * 2).min(LAST_PAUSE));
                let until = Instant::now() + pause;
                let down = Some(Down {
                    until,
                    pause,
                    why: why.clone(),
                });
                *self.state() = State {
                    connection: None,
                    down,
                };
                Err(Failure::NotHandled(why))
            }
        }
    }

    fn existing(&self) -> Option<Connection> {
        self.state()
            .connection
            .as_ref()
            .filter(|connection| connection.takes_requests())
            .cloned()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

async fn connect(address: SocketAddr) -> Result<Connection, String> {
    let handshake = async {
        let stream = TcpStream::connect(address)
            .await
            .map_err(|error| error.to_string())?;
        // Without it small requests wait for the peer's acknowledgements; it can only be slower.
        let _ = stream.set_nodelay(true);
        let stream = Gathered::new(stream);
        Builder::new()
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(HEADER_BYTES)
            .enable_push(false)
            .handshake(stream.clone())
            .await
            .map(|(requests, connection)| (requests, connection, stream))
            .map_err(|error| error.to_string())
    };
    let timeout = tokio::time::timeout(CONNECT_TIMEOUT, handshake);
    let (requests, mut connection, stream) = timeout
        .await
        .map_err(|_| "connect timed out".to_owned())??;
    let state = Arc::new(Flags::default());
    let (flags, pings) = (state.clone(), connection.ping_pong());
    tokio::spawn(async move {
        let pings = pings.expect("nobody has taken them before");
        tokio::select! {
            why = turns(connection, stream) => tracing::debug!(why, %address, "connection ended"),
            () = silence(pings, &flags) => tracing::debug!(%address, "the peer is gone"),
        }
        flags.is_leaving.store(true, Ordering::Relaxed);
    });
    Ok(Connection { requests, state })
}

/// Drives a connection to its end, sending after each turn what it wrote; why it ended.
async fn turns(connection: h2::client::Connection<Gathered>, stream: Gathered) -> String {
    let mut connection = pin!(connection);
    poll_fn(|context| {
        if let Poll::Ready(ended) = connection.as_mut().poll(context) {
            let why = ended.err().map(|error| error.to_string());
            return Poll::Ready(why.unwrap_or_default());
        }
        match stream.send(context) {
            Poll::Ready(Err(error)) => Poll::Ready(error.to_string()),
            _ => Poll::Pending,
        }
    })
    .await
}

/// Completes when the peer does not answer any more.
async fn silence(mut pings: PingPong, flags: &Flags) {
    loop {
        tokio::time::sleep(KEEP_ALIVE_INTERVAL).await;
        if flags.was_heard.swap(false, Ordering::Relaxed) {
            continue;
        }
        let pong = pings.ping(Ping::opaque());
        let pong = tokio::time::timeout(KEEP_ALIVE_TIMEOUT, pong).await;
        if !matches!(pong, Ok(Ok(_))) {
            return;
        }
    }
}

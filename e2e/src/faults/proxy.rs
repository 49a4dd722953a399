//! A proxy of TCP between a process and what it connects to, which can be made slow, deaf and rude.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use net::random::Random;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};

/// Bytes that are carried at once.
const CHUNK: usize = 16 * 1024;
/// Chunks that may be on their way in one direction.
const ON_THEIR_WAY: usize = 256;

/// How things are on the way. By default nothing is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// How long bytes are on their way, in each direction.
    pub delay: Duration,
    /// Up to how much longer.
    pub jitter: Duration,
    /// What is sent there does not arrive before this is over.
    pub is_deaf: bool,
    /// What comes back does not arrive before this is over.
    pub is_mute: bool,
    /// Connections are reset when they are this old.
    pub life: Option<Duration>,
    /// Counts how often all connections were reset.
    pub resets: u32,
    /// When this begins, the far sides of all connections are gone, and the near ones do not hear of it
    /// before it is over. New connections are none of its business.
    pub is_half_open: bool,
}

#[derive(Clone, Copy)]
enum Way {
    There,
    Back,
}

impl Weather {
    fn holds(&self, way: Way) -> bool {
        match way {
            Way::There => self.is_deaf,
            Way::Back => self.is_mute,
        }
    }

    fn delay(&self, random: &Random) -> Duration {
        let most = usize::try_from(self.jitter.as_micros()).unwrap_or(usize::MAX);
        self.delay + Duration::from_micros(random.below(most) as u64)
    }
}

/// A proxy; its connections end with the runtime that it was made on.
pub struct Proxy {
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    state: Arc<State>,
}

struct State {
    upstream: Mutex<u16>,
    weather: watch::Sender<Weather>,
    random: Random,
}

impl Proxy {
    /// In front of a port of 127.0.0.1. Inside of a runtime.
    ///
    /// # Panics
    /// When loopback has no port left.
    pub fn before(upstream: u16, random: Random) -> Proxy {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = listener.expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        listener.set_nonblocking(true).expect("it is a socket");
        let listener = TcpListener::from_std(listener).expect("it is a socket");
        let state = Arc::new(State {
            upstream: Mutex::new(upstream),
            weather: watch::Sender::new(Weather::default()),
            random,
        });
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(shared.clone().carry(client));
            }
        });
        Proxy { port, state }
    }

    /// Changes how things are on the way.
    pub fn change(&self, change: impl FnOnce(&mut Weather)) {
        self.state.weather.send_modify(change);
    }

    /// Leads to another port from now on; connections to the one before are reset.
    pub fn lead_to(&self, upstream: u16) {
        *self.state.upstream() = upstream;
        self.change(|weather| weather.resets += 1);
    }
}

/// How a connection ends.
enum End {
    /// As its sides want.
    Closed,
    Reset,
    HalfOpen,
}

impl State {
    fn upstream(&self) -> std::sync::MutexGuard<'_, u16> {
        self.upstream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn carry(self: Arc<Self>, mut client: TcpStream) {
        let upstream = SocketAddr::from((Ipv4Addr::LOCALHOST, *self.upstream()));
        let Ok(mut server) = TcpStream::connect(upstream).await else {
            // As nearly refused as it can be that was taken.
            let _ = client.set_zero_linger();
            return;
        };
        for socket in [&client, &server] {
            // Without it small messages wait for acknowledgements; it can only be slower.
            let _ = socket.set_nodelay(true);
        }
        let end = {
            let (from_client, to_client) = client.split();
            let (from_server, to_server) = server.split();
            let pumps = async {
                tokio::join!(
                    self.pump(from_client, to_server, Way::There),
                    self.pump(from_server, to_client, Way::Back)
                );
                End::Closed
            };
            tokio::select! {
                end = pumps => end,
                end = self.fate() => end,
            }
        };
        match end {
            End::Closed => {}
            End::Reset => {
                let _ = client.set_zero_linger();
                let _ = server.set_zero_linger();
            }
            End::HalfOpen => {
                let _ = server.set_zero_linger();
                drop(server);
                let mut weather = self.weather.subscribe();
                // Gone with the proxy, it is over too.
                let _ = weather.wait_for(|weather| !weather.is_half_open).await;
                let _ = client.set_zero_linger();
            }
        }
    }

    /// What becomes of a connection that its sides would keep.
    async fn fate(&self) -> End {
        let began = Instant::now();
        let mut weather = self.weather.subscribe();
        loop {
            let now = *weather.borrow_and_update();
            let over = async {
                match now.life {
                    // Not all of them at once.
                    Some(life) => {
                        let most = usize::try_from(life.as_millis()).unwrap_or(usize::MAX);
                        let more = Duration::from_millis(self.random.below(most) as u64);
                        sleep_until(began + life + more).await;
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = over => return End::Reset,
                changed = weather.changed() => {
                    if changed.is_err() {
                        return End::Reset;
                    }
                    let then = *weather.borrow();
                    if then.resets != now.resets {
                        return End::Reset;
                    }
                    if then.is_half_open && !now.is_half_open {
                        return End::HalfOpen;
                    }
                }
            }
        }
    }

    /// Carries what comes one way, in its order, and then its end.
    async fn pump(
        &self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
        way: Way,
    ) {
        let (sender, mut receiver) = mpsc::channel::<(Instant, Vec<u8>)>(ON_THEIR_WAY);
        let read = async move {
            let mut buffer = vec![0; CHUNK];
            let mut due = Instant::now();
            while let Ok(read @ 1..) = from.read(&mut buffer).await {
                due = due.max(Instant::now() + self.weather.borrow().delay(&self.random));
                let chunk = (due, buffer[..read].to_vec());
                if sender.send(chunk).await.is_err() {
                    break;
                }
            }
        };
        let write = async move {
            let mut weather = self.weather.subscribe();
            while let Some((due, bytes)) = receiver.recv().await {
                sleep_until(due).await;
                // Gone with the proxy, it is over too.
                let _ = weather.wait_for(|weather| !weather.holds(way)).await;
                if to.write_all(&bytes).await.is_err() {
                    break;
                }
            }
            // The end is told as late as the rest.
            let _ = weather.wait_for(|weather| !weather.holds(way)).await;
            let _ = to.shutdown().await;
        };
        tokio::join!(read, write);
    }
}

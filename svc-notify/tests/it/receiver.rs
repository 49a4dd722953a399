//! A server that events are sent to, as a test plays it: bytes on a socket of loopback.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

/// What it does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// A status, further headers, and a body.
    Status(u16, &'static str, &'static str),
    /// Nothing.
    Hang,
    /// An end without an answer.
    Close,
    /// A status, and then a body a byte at a time, for ever.
    Drip,
    /// The lines before the body a byte at a time, for ever.
    DripHead,
    /// All is well, a byte at a time.
    Bytes,
    /// A status and less of a body than it says, and an end.
    Short,
}

/// All is well.
pub(crate) const FINE: Answer = Answer::Status(200, "", "thank you");

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(String::as_str)
            .unwrap_or_default()
    }

    /// The id of the event.
    pub(crate) fn id(&self) -> &str {
        self.header("webhook-id")
    }
}

type Script = Arc<Mutex<Box<dyn FnMut(&Seen) -> Answer + Send>>>;

/// A server of loopback, until it is dropped.
pub(crate) struct Receiver {
    port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    script: Script,
    _serving: AbortOnDropHandle<()>,
}

impl Receiver {
    /// Answers as this says.
    pub(crate) async fn start(script: impl FnMut(&Seen) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let script: Script = Arc::new(Mutex::new(Box::new(script)));
        let (noted, played) = (seen.clone(), script.clone());
        let serving = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, noted.clone(), played.clone()));
            }
        });
        Self {
            port,
            seen,
            script,
            _serving: AbortOnDropHandle::new(serving),
        }
    }

    /// Answers each in this way.
    pub(crate) async fn always(answer: Answer) -> Self {
        Self::start(move |_| answer.clone()).await
    }

    /// From now on.
    pub(crate) fn now(&self, answer: Answer) {
        *self.script.lock().unwrap() = Box::new(move |_| answer.clone());
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hooks?key=1", self.port)
    }

    /// What came, the first first.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(mut socket: TcpStream, seen: Arc<Mutex<Vec<Seen>>>, script: Script) {
    while let Some(request) = read(&mut socket).await {
        let answer = script.lock().unwrap()(&request);
        seen.lock().unwrap().push(request);
        let head = |status, headers: &str| format!("HTTP/1.1 {status} So\r\n{headers}");
        match answer {
            Answer::Status(status, headers, body) => {
                let length = body.len();
                let head = head(status, headers);
                let text = format!("{head}content-length: {length}\r\n\r\n{body}");
                if socket.write_all(text.as_bytes()).await.is_err() {
                    return;
                }
            }
            Answer::Hang => std::future::pending::<()>().await,
            Answer::Close => return,
            Answer::Drip => {
                let text = format!("{}content-length: 100000\r\n\r\n", head(200, ""));
                return drip(&mut socket, &text).await;
            }
            Answer::DripHead => return drip(&mut socket, &head(200, "x-slow: ")).await,
            Answer::Bytes => {
                let text = format!("{}content-length: 9\r\n\r\nthank you", head(200, ""));
                let _ = socket.set_nodelay(true);
                for byte in text.bytes() {
                    if socket.write_all(&[byte]).await.is_err() {
                        return;
                    }
                    tokio::task::yield_now().await;
                }
            }
            Answer::Short => {
                let text = format!("{}content-length: 9\r\n\r\nthank", head(200, ""));
                let _ = socket.write_all(text.as_bytes()).await;
                return;
            }
        }
    }
}

/// This, and then a byte at a time, until nobody waits for it any more.
async fn drip(socket: &mut TcpStream, text: &str) {
    let mut sent = socket.write_all(text.as_bytes()).await;
    while sent.is_ok() {
        tokio::time::sleep(Duration::from_millis(20)).await;
        sent = socket.write_all(b".").await;
    }
}

async fn read(socket: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut lines = head.lines();
            let path = lines.next()?.split(' ').nth(1)?.to_owned();
            let headers: HashMap<_, _> = lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
                .collect();
            let length: usize = headers.get("content-length")?.parse().ok()?;
            if body.len() >= length {
                return Some(Seen {
                    path,
                    headers,
                    body: body.to_owned(),
                });
            }
        }
        match socket.read(&mut piece).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
        }
    }
}

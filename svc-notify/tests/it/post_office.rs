//! A mail server that does what a test says, connection by connection.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// A step of a connection that takes a mail (RFC 5321).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Mail,
    Rcpt,
    Data,
    /// The mail is there, and waits for its answer.
    End,
}

/// What becomes of a connection at a step.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// It says this.
    Says(Step, &'static str),
    /// It says nothing any more.
    Stalls(Step),
    /// It breaks off.
    Aborts(Step),
}

/// A mail as the server has it, whether it said so or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) to: String,
    pub(crate) text: String,
}

impl Received {
    /// What stands behind the name of a head.
    pub(crate) fn head(&self, name: &str) -> Option<&str> {
        let heads = self.text.split("\r\n\r\n").next().unwrap_or_default();
        let line = |line: &'_ str| {
            line.split_once(": ")
                .filter(|(it, _)| *it == name)
                .is_some()
        };
        let line = heads.split("\r\n").find(|it| line(it))?;
        line.split_once(": ").map(|(_, value)| value)
    }
}

/// A running mail server.
#[derive(Clone)]
pub(crate) struct PostOffice {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    faults: Mutex<VecDeque<Fault>>,
    received: Mutex<Vec<Received>>,
    stalled: Notify,
}

impl PostOffice {
    /// Takes mails until the test ends.
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::<Shared>::default();
        let opened = shared.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let fault = lock(&opened.faults).pop_front();
                let shared = opened.clone();
                tokio::spawn(async move { shared.speak(stream, fault).await });
            }
        });
        Self { address, shared }
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        format!("smtp://{}?tls=none", self.address)
    }

    /// Has the next connections go wrong, one for each.
    pub(crate) fn fault(&self, faults: impl IntoIterator<Item = Fault>) {
        lock(&self.shared.faults).extend(faults);
    }

    /// The mails that it has.
    pub(crate) fn received(&self) -> Vec<Received> {
        lock(&self.shared.received).clone()
    }

    /// A connection waits for an answer that will not come.
    pub(crate) async fn stalled(&self) {
        self.shared.stalled.notified().await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    async fn speak(&self, stream: TcpStream, fault: Option<Fault>) -> Option<()> {
        let mut stream = BufReader::new(stream);
        say(&mut stream, "220 post.example").await?;
        let (mut to, mut text) = (String::new(), String::new());
        loop {
            let line = hear(&mut stream).await?;
            let word = line.split([' ', ':']).next().unwrap_or_default();
            let (step, usual) = match word.to_uppercase().as_str() {
                "EHLO" => {
                    say(
                        &mut stream,
                        "250-post.example\r\n250-8BITMIME\r\n250 SMTPUTF8",
                    )
                    .await?;
                    continue;
                }
                "MAIL" => (Step::Mail, "250 2.1.0 from it is"),
                "RCPT" => {
                    to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                    (Step::Rcpt, "250 2.1.5 to it goes")
                }
                "DATA" => (Step::Data, "354 go on"),
                _ => {
                    say(&mut stream, "221 2.0.0 goodbye").await?;
                    return None;
                }
            };
            self.answer(&mut stream, step, usual, fault).await?;
            let refused = |it: Fault| matches!(it, Fault::Says(at, _) if at == Step::Data);
            if step != Step::Data || fault.is_some_and(refused) {
                continue;
            }
            loop {
                let line = hear(&mut stream).await?;
                if line == "." {
                    break;
                }
                text += line.strip_prefix('.').unwrap_or(&line);
                text += "\r\n";
            }
            let is_refused = matches!(fault, Some(Fault::Says(Step::End, _)));
            if !is_refused {
                lock(&self.received).push(Received {
                    to: to.clone(),
                    text: std::mem::take(&mut text),
                });
            }
            let taken = "250 2.0.0 taken";
            self.answer(&mut stream, Step::End, taken, fault).await?;
        }
    }

    async fn answer(
        &self,
        stream: &mut BufReader<TcpStream>,
        step: Step,
        usual: &str,
        fault: Option<Fault>,
    ) -> Option<()> {
        match fault {
            Some(Fault::Says(at, said)) if at == step => say(stream, said).await,
            Some(Fault::Aborts(at)) if at == step => None,
            Some(Fault::Stalls(at)) if at == step => {
                self.stalled.notify_one();
                std::future::pending().await
            }
            _ => say(stream, usual).await,
        }
    }
}

async fn say(stream: &mut BufReader<TcpStream>, said: &str) -> Option<()> {
    let said = format!("{said}\r\n");
    stream.get_mut().write_all(said.as_bytes()).await.ok()
}

/// A line without its end; none once the other side is gone.
async fn hear(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = Vec::new();
    let read = stream.read_until(b'\n', &mut line).await.ok()?;
    let line = String::from_utf8_lossy(&line)
        .trim_end_matches(['\r', '\n'])
        .to_owned();
    (read > 0).then_some(line)
}

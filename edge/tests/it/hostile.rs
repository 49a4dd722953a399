//! Clients that mean harm: each is refused, while another one, served by the same thread, is answered
//! as ever.

use std::cell::Cell;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::fixture::Fixture;

mod bodies;
pub(crate) mod floods;
mod shapes;
mod slow;

const PATIENCE: Duration = Duration::from_secs(30);
/// Requests of another client during an attack.
const OTHERS: usize = 20;
/// More than any client may send that gets no answer: what a fast machine takes in the seconds until
/// a client that only pings counts as idle is some tens of MiB.
const PLENTY: usize = 512 << 20;

/// What a hostile client has seen of its connection.
pub(crate) struct Ended {
    /// Bytes that it could send.
    sent: usize,
    /// What it was told.
    pub(crate) said: Vec<u8>,
}

impl Ended {
    /// Statuses of HTTP/1.1 that it was told.
    pub(crate) fn statuses(&self) -> Vec<String> {
        let said = String::from_utf8_lossy(&self.said);
        let heads = said.split("HTTP/1.1 ").skip(1);
        heads.map(|head| head[..3].to_owned()).collect()
    }
}

/// Runs an attack, again and again, while another client goes on asking and is answered: until it has
/// been often enough, and the attack has come to its end.
async fn others_do_not_notice(fixture: &Fixture, attack: impl AsyncFn()) {
    // A new connection each time, so that none is closed as idle in between.
    let client = reqwest::Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(0);
    let client = client.build().unwrap();
    let (answered, attacked) = (Cell::new(0), Cell::new(0));
    let others = async {
        while answered.get() < OTHERS || attacked.get() == 0 {
            let request = client.get(fixture.url("/v1/products/A%201"));
            let asked = tokio::time::timeout(PATIENCE, request.send());
            let answer = asked.await.expect("others are answered").unwrap();
            assert_eq!(answer.status(), 200);
            answered.set(answered.get() + 1);
        }
    };
    let attacks = async {
        while attacked.get() == 0 || answered.get() < OTHERS {
            attack().await;
            attacked.set(attacked.get() + 1);
        }
    };
    tokio::join!(others, attacks);
}

/// Sends these bytes and then what `more` gives, for as long as it is taken, and `reads` what comes or
/// does not. It must come to an end by the edge's doing.
async fn insist(
    fixture: &Fixture,
    opening: &[u8],
    mut more: impl AsyncFnMut() -> Option<Vec<u8>>,
    reads: bool,
) -> Ended {
    let stream = TcpStream::connect(fixture.address).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let mut sent = opening.len();
    let write = async {
        let mut taken = writer.write_all(opening).await;
        while taken.is_ok()
            && let Some(bytes) = more().await
        {
            taken = writer.write_all(&bytes).await;
            sent += bytes.len();
            assert!(sent < PLENTY, "it would go on for ever");
        }
        // Who reads learns the end by that.
        if reads {
            std::future::pending().await
        }
    };
    let mut said = Vec::new();
    let read = async {
        if !reads {
            std::future::pending::<()>().await;
        }
        // A reset is an end too.
        let _ = reader.read_to_end(&mut said).await;
    };
    let end = async {
        tokio::select! {
            () = write => {}
            () = read => {}
        }
    };
    tokio::time::timeout(PATIENCE, end)
        .await
        .expect("the edge ends it");
    Ended { sent, said }
}

/// Sends these bytes alone, and reads to the end.
pub(crate) async fn send(fixture: &Fixture, bytes: &[u8]) -> Ended {
    insist(fixture, bytes, async || None, true).await
}

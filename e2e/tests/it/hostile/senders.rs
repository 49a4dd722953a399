//! What hostile clients send does not stay in memory.

use std::time::Duration;

use e2e::{Mesh, memory::Memory, shop};
use futures::future::join_all;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(60);
/// Clients at the same time that send what nobody wants to have.
const REFUSED: usize = 128;
/// And those that send without end, which takes the edge time.
const INSISTENT: usize = 8;
/// What a body may have.
const BODY: usize = 1 << 20;
/// How much larger the process may be at its peak, in KiB: half of what the bodies alone are.
const GROWTH: u64 = 64 << 10;
/// What a client of HTTP/2 begins with, and empty SETTINGS (RFC 9113, section 3.4).
const PREFACE: &[u8; 33] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// A PING, and a piece of a header block without end.
const PING: &[u8; 17] = b"\0\0\x08\x06\0\0\0\0\0pingpong";
const BLOCK: &[u8; 11] = b"\0\0\x02\x01\0\0\0\0\x01\x82\x86";
const MORE: &[u8; 11] = b"\0\0\x02\x09\0\0\0\0\x01\x84\x84";

async fn connect(address: &str) -> TcpStream {
    TcpStream::connect(address).await.expect("it accepts")
}

/// Refused by its head, it sends a body all the same, whose end the edge has read when it answers what
/// follows.
async fn refused(address: &str) {
    let mut stream = connect(address).await;
    let head = format!("POST /v1/orders HTTP/1.1\r\nhost: x\r\ncontent-length: {BODY}\r\n\r\n");
    let next = b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    for part in [head.as_bytes(), &vec![b' '; BODY], next] {
        stream.write_all(part).await.expect("it is read");
    }
    let mut said = String::new();
    let read = stream.read_to_string(&mut said).await;
    read.expect("it is text to the end");
    assert!(
        said.starts_with("HTTP/1.1 401") && said.contains("HTTP/1.1 200"),
        "{said}"
    );
}

/// Sends this again and again and reads nothing, until the edge takes no more.
async fn insistent(address: &str, begin: &[u8], again: &[u8]) -> TcpStream {
    let mut stream = connect(address).await;
    let burst = again.repeat(1000);
    let mut taken = stream.write_all(&[PREFACE, begin].concat()).await.is_ok();
    while taken {
        let write = timeout(Duration::from_millis(500), stream.write_all(&burst)).await;
        taken = write.is_ok_and(|write| write.is_ok());
    }
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_hostile_clients_send_does_not_stay_in_memory() {
    let mesh = Mesh::embedded().await;
    let sku = shop::product(&mesh.admin().await, 1).await;
    let product = format!("/v1/products/{sku}");
    let address = mesh.edges[0].trim_start_matches("http://");
    let memory = Memory::watch(mesh.id("tradewind"));

    let attacks = async {
        tokio::join!(
            join_all((0..REFUSED).map(|_| refused(address))),
            join_all((0..INSISTENT).map(|_| insistent(address, b"", PING))),
            join_all((0..INSISTENT).map(|_| insistent(address, BLOCK, MORE))),
        )
    };
    let others = async {
        loop {
            mesh.rest().get(&product).await.expect(200);
        }
    };
    let attacks = timeout(PATIENCE, attacks);
    let held = tokio::select! {
        held = attacks => held.expect("it takes no more"),
        () = others => unreachable!("they ask for ever"),
    };
    let growth = memory.growth();
    assert!(growth < GROWTH, "{growth} KiB more");
    drop(held);
    mesh.rest().get(&product).await.expect(200);
}

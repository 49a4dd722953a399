//! What the client stack does when a server says goodbye (RFC 9113, section 6.8): streams above the
//! last one that it names were not handled, whatever its reason; the others may have been.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use runtime::client::Channel;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tonic::Code;

use crate::client::{GET, channel, get, serve_fine};
use crate::dummy::Reply;

const SETTINGS: u8 = 4;
const HEADERS: u8 = 1;
const GOAWAY: u8 = 7;
const END: u8 = 5; // END_STREAM | END_HEADERS
const ACK: u8 = 1;

/// A server whose first connection is in the hands of the test, frame by frame, and whose further
/// ones answer. Counts the streams of the latter.
struct Server {
    address: SocketAddr,
    first: JoinHandle<Frames>,
    answered: Arc<AtomicUsize>,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answered = Arc::new(AtomicUsize::new(0));
        let count = answered.clone();
        let first = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve_fine(listener, count));
            Frames::accept(stream).await
        });
        Self {
            address,
            first,
            answered,
        }
    }

    fn channel(&self) -> Channel {
        channel(&format!("http://{}", self.address))
    }
}

/// One connection on the level of frames (RFC 9113, section 4.1).
struct Frames(TcpStream);

impl Frames {
    async fn accept(mut stream: TcpStream) -> Self {
        let mut preface = [0; 24];
        stream.read_exact(&mut preface).await.unwrap();
        let mut frames = Self(stream);
        frames.write(SETTINGS, 0, 0, &[]).await;
        frames.write(SETTINGS, ACK, 0, &[]).await;
        frames
    }

    async fn write(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
        self.0.write_all(&head).await.unwrap();
        self.0.write_all(payload).await.unwrap();
    }

    /// Reads until the client has opened that stream.
    async fn opened(&mut self, wanted: u32) {
        loop {
            let mut head = [0; 9];
            self.0.read_exact(&mut head).await.unwrap();
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; length as usize];
            self.0.read_exact(&mut payload).await.unwrap();
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            if (head[3], stream) == (HEADERS, wanted) {
                return;
            }
        }
    }

    async fn say_goodbye(&mut self, last_stream: u32, reason: h2::Reason) {
        let payload = [last_stream.to_be_bytes(), u32::from(reason).to_be_bytes()].concat();
        self.write(GOAWAY, 0, 0, &payload).await;
    }

    /// Status 200 with `grpc-status: 0` (RFC 7541, appendix A and section 6.2.2).
    async fn answer(&mut self, stream: u32) {
        let block = [b"\x88\x00\x0bgrpc-status".as_slice(), b"\x010"].concat();
        self.write(HEADERS, END, stream, &block).await;
    }
}

fn call(channel: &Channel) -> JoinHandle<Reply> {
    let channel = channel.clone();
    tokio::spawn(async move { get(&channel).await })
}

async fn outcome(call: JoinHandle<Reply>) -> Code {
    let reply = tokio::time::timeout(Duration::from_secs(10), call).await;
    reply.expect("it ends").unwrap().code()
}

#[tokio::test]
async fn a_call_beyond_the_goodbye_is_made_again_and_those_before_it_stay() {
    for reason in [h2::Reason::NO_ERROR, h2::Reason::ENHANCE_YOUR_CALM] {
        let server = Server::start().await;
        let channel = server.channel();
        let before = call(&channel);
        let mut first = server.first.await.unwrap();
        first.opened(1).await;
        let beyond = call(&channel);
        first.opened(3).await;
        first.say_goodbye(1, reason).await;
        assert_eq!(outcome(beyond).await, Code::Ok, "{reason:?}");
        assert!(!before.is_finished());
        first.answer(1).await;
        assert_eq!(outcome(before).await, Code::Ok, "{reason:?}");
        assert_eq!(server.answered.load(Ordering::SeqCst), 1, "{reason:?}");
    }
}

#[tokio::test]
async fn a_call_before_the_goodbye_that_gets_no_answer_is_not_made_again() {
    let server = Server::start().await;
    let channel = server.channel();
    let before = call(&channel);
    let mut first = server.first.await.unwrap();
    first.opened(1).await;
    first.say_goodbye(1, h2::Reason::NO_ERROR).await;
    drop(first);
    assert_eq!(outcome(before).await, Code::Unavailable);
    assert_eq!(server.answered.load(Ordering::SeqCst), 0);
    assert_eq!(get(&channel).await.code(), Code::Ok, "{GET}");
    assert_eq!(server.answered.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_call_after_the_goodbye_goes_elsewhere_at_once() {
    let server = Server::start().await;
    let channel = server.channel();
    let before = call(&channel);
    let mut first = server.first.await.unwrap();
    first.opened(1).await;
    first.say_goodbye(1, h2::Reason::NO_ERROR).await;
    for _ in 0..3 {
        assert_eq!(get(&channel).await.code(), Code::Ok);
    }
    first.answer(1).await;
    assert_eq!(outcome(before).await, Code::Ok);
    assert_eq!(server.answered.load(Ordering::SeqCst), 3);
}

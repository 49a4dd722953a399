//! More frames and headers than anybody needs (RFC 9113, section 10.5).

use std::time::Duration;

use edge::Settings;
use http::Request;
use tokio::net::TcpStream;

use super::{insist, others_do_not_notice};
use crate::fixture::{Fixture, settings, shop};

// Types of frames, and flags of HEADERS.
pub(crate) const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;
const WHOLE: u8 = 0x1 | 0x4;

/// What a client of HTTP/2 begins with, and empty SETTINGS.
pub(crate) const PREFACE: [u8; 33] = *b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// `GET /v1/products/A%201` in the static table of HPACK and literals.
const GET_PRODUCT: &[u8] = b"\x82\x86\x04\x12/v1/products/A%201\x01\x01x";

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

fn impatient() -> Settings {
    let mut settings = settings();
    settings.connections.header_timeout = Duration::from_secs(2);
    settings.connections.send_timeout = Duration::from_secs(2);
    settings
}

/// Insists on frames, a burst at a time: `frames` is given odd numbers for streams.
async fn flood(fixture: &Fixture, frames: impl Fn(u32) -> Vec<u8>, reads: bool) {
    let mut streams = (1..).step_by(2);
    let burst = async || {
        let burst = streams.by_ref().take(100).flat_map(&frames);
        Some(burst.collect())
    };
    let ended = insist(fixture, &PREFACE, burst, reads).await;
    assert!(ended.sent > PREFACE.len());
}

#[tokio::test]
async fn a_rapid_reset_ends_its_connection() {
    let fixture = Fixture::start(shop).await;
    let reset = |stream| {
        let request = frame(HEADERS, WHOLE, stream, GET_PRODUCT);
        [request, frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])].concat()
    };
    others_do_not_notice(&fixture, async || flood(&fixture, reset, true).await).await;
    // Here the edge is made to reset.
    let provoke = |stream| {
        let request = frame(HEADERS, WHOLE, stream, GET_PRODUCT);
        [request, frame(WINDOW_UPDATE, 0, stream, &[0; 4])].concat()
    };
    others_do_not_notice(&fixture, async || flood(&fixture, provoke, true).await).await;
}

#[tokio::test]
async fn headers_without_end_end_their_connection() {
    let fixture = Fixture::start(shop).await;
    let blocks: [&[u8]; 3] = [b"", b"\x84", &[0x84; 16_000]];
    for block in blocks {
        let begun = [&PREFACE[..], &frame(HEADERS, 0, 1, GET_PRODUCT)].concat();
        let next = frame(CONTINUATION, 0, 1, block);
        others_do_not_notice(&fixture, async || {
            insist(&fixture, &begun, async || Some(next.repeat(100)), true).await;
        })
        .await;
    }
    for (line, least) in [("x: y\r\n".to_owned(), 100), ("y".repeat(1000), 1000)] {
        let begun = b"GET /livez HTTP/1.1\r\nx: ";
        others_do_not_notice(&fixture, async || {
            let ended = insist(&fixture, begun, async || Some(line.clone().into()), true).await;
            assert!(ended.sent > least && !ended.statuses().contains(&"200".to_owned()));
        })
        .await;
    }
}

#[tokio::test]
async fn headers_over_the_limit_are_431_in_http_2_too() {
    let fixture = Fixture::start(shop).await;
    let stream = TcpStream::connect(fixture.address).await.unwrap();
    let (mut requests, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut ask = async |header: usize| {
        let request = Request::get(fixture.url("/livez")).header("x", "y".repeat(header));
        let sent = requests.send_request(request.body(()).unwrap(), true);
        sent.unwrap().0.await.map(|reply| reply.status().as_u16())
    };
    assert_eq!(ask(40_000).await.unwrap(), 431);
    assert_eq!(ask(10).await.unwrap(), 200, "the connection goes on");
    assert!(ask(1 << 20).await.is_err(), "a whole mebibyte is too much");
    assert!(connection.await.unwrap().is_err());
}

#[tokio::test]
async fn pings_and_settings_without_end_end_their_connection() {
    let fixture = Fixture::with(impatient(), shop).await;
    for (kind, payload) in [(PING, &[7; 8][..]), (SETTINGS, b"\0\x03\0\0\0\x64")] {
        // Who reads no answers is not read either: what it sends stays in the kernel.
        for reads in [true, false] {
            let frames = |_| frame(kind, 0, 0, payload);
            others_do_not_notice(&fixture, async || flood(&fixture, frames, reads).await).await;
        }
    }
}

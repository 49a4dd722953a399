//! Slowloris: bytes that come one by one, so that a connection is never silent and never done.

use std::time::Duration;

use edge::Settings;

use super::floods::{CONTINUATION, HEADERS, PREFACE, frame};
use super::{Ended, insist, others_do_not_notice};
use crate::fixture::{Fixture, settings, shop};

const TIMEOUT: Duration = Duration::from_secs(2);
/// Between two bytes: many of them fit into the timeout.
const PACE: Duration = Duration::from_millis(20);

fn impatient() -> Settings {
    let mut settings = settings();
    settings.connections.header_timeout = TIMEOUT;
    settings.requests.request_timeout = Some(TIMEOUT);
    settings
}

/// Sends one byte after the other of an endless repetition.
async fn drip(fixture: &Fixture, opening: &[u8], repeated: &[u8]) -> Ended {
    let mut bytes = repeated.iter().cycle();
    let more = async || {
        tokio::time::sleep(PACE).await;
        bytes.next().map(|byte| vec![*byte])
    };
    insist(fixture, opening, more, true).await
}

#[tokio::test]
async fn headers_that_come_byte_by_byte_are_given_up() {
    let fixture = Fixture::with(impatient(), shop).await;
    let http1 = async || {
        let ended = drip(&fixture, b"GET /livez HTTP/1.1\r\n", b"x: y\r\n").await;
        assert!(ended.statuses().is_empty());
    };
    others_do_not_notice(&fixture, async || {
        futures::future::join_all((0..30).map(|_| http1())).await;
    })
    .await;
    // In HTTP/2, a header block that goes on and on, and a frame of it that does.
    let block = frame(HEADERS, 0, 1, b"\x82\x86");
    let endless = [
        &PREFACE[..],
        &block,
        &frame(CONTINUATION, 0, 1, &[0x84; 16_000])[..9],
    ]
    .concat();
    let http2 = async || drop(drip(&fixture, &endless, &[0x84]).await);
    others_do_not_notice(&fixture, async || {
        futures::future::join_all((0..30).map(|_| http2())).await;
    })
    .await;
}

#[tokio::test]
async fn a_body_that_comes_byte_by_byte_is_given_up_at_the_deadline() {
    let fixture = Fixture::with(impatient(), shop).await;
    let token = fixture.token(&["user"]);
    let head = |authorization: &str| {
        format!(
            "POST /v1/orders HTTP/1.1\r\nhost: x\r\n{authorization}content-length: 100000\r\n\r\n"
        )
    };
    let (ours, theirs) = (
        head(&format!("authorization: Bearer {token}\r\n")),
        head(""),
    );
    // Also where the reply does not wait for it.
    for (head, status) in [(ours, "504"), (theirs, "401")] {
        let client = async || {
            let ended = drip(&fixture, head.as_bytes(), b" ").await;
            assert_eq!(ended.statuses(), [status]);
        };
        others_do_not_notice(&fixture, async || {
            futures::future::join_all((0..30).map(|_| client())).await;
        })
        .await;
    }
    assert!(
        fixture
            .upstream
            .calls()
            .iter()
            .all(|call| !call.path.ends_with("CreateOrder"))
    );
}

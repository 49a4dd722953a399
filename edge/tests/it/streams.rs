//! Streams of messages: framing, resuming, ending.

use std::io::Write as _;
use std::time::Duration;

use contracts::tradewind::orders::v1::{OrderEvent, WatchOrderRequest, WatchOrderResponse};
use futures::StreamExt as _;
use prost::Message as _;
use reqwest::{RequestBuilder, Response};
use runtime::identity::Revocation;
use runtime::status::Problem;
use serde_json::{Value, json};

use crate::fixture::{Fixture, SESSION, error, reason, refusal, refused, settings};
use crate::upstream::{Answer, Seen};

const WATCH: &str = "/v1/orders/o-1:watch";

fn event(sequence: i64) -> WatchOrderResponse {
    let event = OrderEvent {
        sequence,
        order_id: "o-1".into(),
        ..OrderEvent::default()
    };
    WatchOrderResponse { event: Some(event) }
}

/// Five events in all, from the one after that the caller names.
fn five(seen: &Seen) -> Answer {
    let after = seen.decode::<WatchOrderRequest>().after_sequence;
    Answer::messages((after + 1..=5).map(event))
}

/// One event, and then nothing for ever.
fn one_and_silence(_: &Seen) -> Answer {
    let first = futures::stream::iter([Ok(event(1).encode_to_vec())]);
    Answer::Stream(first.chain(futures::stream::pending()).boxed())
}

fn events(fixture: &Fixture) -> RequestBuilder {
    fixture
        .as_user("GET", WATCH)
        .header("accept", "text/event-stream")
}

async fn read(response: &mut Response) -> String {
    let chunk = tokio::time::timeout(Duration::from_secs(10), response.chunk()).await;
    let chunk = chunk.expect("a frame in time").unwrap().unwrap_or_default();
    String::from_utf8(chunk.to_vec()).unwrap()
}

/// The rest of the stream.
async fn rest(mut response: Response) -> String {
    let mut all = String::new();
    loop {
        match read(&mut response).await {
            end if end.is_empty() => return all,
            part => all += &part,
        }
    }
}

#[tokio::test]
async fn who_has_seen_the_last_event_is_told_not_to_come_again() {
    let fixture = Fixture::start(five).await;
    let last = events(&fixture).header("last-event-id", "5");
    let response = last.send().await.unwrap();
    assert_eq!(response.status(), 204);
    assert_eq!(response.headers().get("content-type"), None);
    assert_eq!(response.text().await.unwrap(), "");

    let before = events(&fixture).header("last-event-id", "4");
    let text = rest(before.send().await.unwrap()).await;
    assert!(text.starts_with("id: 5\n"), "{text}");
    // What is no EventSource asks once, and is told of an empty stream.
    let lines = fixture.as_user("GET", WATCH).header("last-event-id", "5");
    assert_eq!(lines.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn who_has_seen_all_there_is_yet_waits_for_more() {
    let fixture = Fixture::start(|_| Answer::Stream(futures::stream::pending().boxed())).await;
    let response = events(&fixture).header("last-event-id", "1");
    assert_eq!(response.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn who_accepts_events_gets_events_with_ids_and_an_end() {
    let fixture = Fixture::start(five).await;
    let response = events(&fixture)
        .header("accept-encoding", "gzip")
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert!(!response.headers().contains_key("content-encoding"));
    let text = rest(response).await;
    let first = "id: 1\ndata: {\"sequence\":\"1\",\"orderId\":\"o-1\",";
    assert!(text.starts_with(first), "{text}");
    assert!(text.ends_with("event: end\ndata: {}\n\n"), "{text}");
    assert_eq!(text.matches("data: ").count(), 6);
}

#[tokio::test]
async fn others_get_a_line_per_message() {
    let fixture = Fixture::start(five).await;
    let response = fixture.as_user("GET", WATCH).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/x-ndjson");
    let text = rest(response).await;
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[4]["sequence"], "5");
}

#[tokio::test]
async fn who_likes_json_best_gets_an_array() {
    let fixture = Fixture::start(five).await;
    let accept = "text/event-stream;q=0.5, application/json, */*;q=0.1";
    let request = fixture.as_user("GET", WATCH).header("accept", accept);
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/json");
    let array: Vec<Value> = response.json().await.unwrap();
    let sequences: Vec<_> = array.iter().map(|one| &one["sequence"]).collect();
    assert_eq!(sequences, ["1", "2", "3", "4", "5"]);

    let fixture = Fixture::start(|_| Answer::messages::<OrderEvent>([])).await;
    let request = fixture.as_user("GET", WATCH);
    let request = request.header("accept", "application/json");
    let array: Vec<Value> = request.send().await.unwrap().json().await.unwrap();
    assert!(array.is_empty(), "{array:?}");
}

#[tokio::test]
async fn an_array_is_one_also_when_it_is_cut_short() {
    let mut settings = settings();
    settings.requests.heartbeat = Duration::from_millis(100);
    let fixture = Fixture::with(settings, one_and_silence).await;
    let request = fixture.as_user("GET", WATCH);
    let request = request.header("accept", "application/json");
    let mut response = request.send().await.unwrap();
    let mut text = read(&mut response).await;
    while !text.ends_with("}\n") {
        text += &read(&mut response).await;
    }
    fixture.shutdown.cancel();
    text += &rest(response).await;
    let array: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(array[0]["sequence"], "1");
    assert_eq!(array[1]["error"]["code"], 503);
    assert_eq!(array.len(), 2);
}

#[tokio::test]
async fn an_event_source_that_comes_back_goes_on_where_it_was() {
    let fixture = Fixture::start(five).await;
    let response = events(&fixture)
        .header("last-event-id", "3")
        .send()
        .await
        .unwrap();
    let text = rest(response).await;
    assert!(
        text.starts_with("id: 4\n") && !text.contains("id: 3\n"),
        "{text}"
    );

    let request = fixture.as_user("GET", "/v1/orders/o-1:watch?afterSequence=1");
    let response = request.header("last-event-id", "4").send().await.unwrap();
    assert_eq!(
        rest(response).await.lines().count(),
        1,
        "what was seen last counts"
    );

    let response = events(&fixture)
        .header("last-event-id", "x")
        .send()
        .await
        .unwrap();
    assert_eq!(
        refusal(response).await,
        refused(400, "INVALID_ARGUMENT", "MALFORMED_REQUEST")
    );
}

#[tokio::test]
async fn an_error_before_the_first_message_is_the_http_status() {
    let fixture =
        Fixture::start(|_| Answer::Error(Problem::not_found("order", "o-1").into())).await;
    let response = events(&fixture).send().await.unwrap();
    assert_eq!(
        refusal(response).await,
        refused(404, "NOT_FOUND", "RESOURCE_NOT_FOUND")
    );

    let fixture = Fixture::start(|_| {
        let refuses = futures::stream::iter([Err(Problem::not_found("order", "o-1").into())]);
        Answer::Stream(refuses.boxed())
    })
    .await;
    let response = events(&fixture).send().await.unwrap();
    assert_eq!(
        refusal(response).await,
        refused(404, "NOT_FOUND", "RESOURCE_NOT_FOUND")
    );
}

#[tokio::test]
async fn an_error_after_it_is_the_last_frame() {
    let breaks = |_: &Seen| {
        let messages = [
            Ok(event(1).encode_to_vec()),
            Err(Problem::unavailable("postgres").into()),
        ];
        Answer::Stream(futures::stream::iter(messages).boxed())
    };
    let fixture = Fixture::start(breaks).await;
    let text = rest(events(&fixture).send().await.unwrap()).await;
    let (_, last) = text.split_once("\n\n").unwrap();
    let data = last.strip_prefix("event: error\ndata: ").unwrap();
    let error: Value = serde_json::from_str(data).unwrap();
    assert_eq!(error["error"]["code"], 503);
    assert_eq!(reason(&error["error"]), "DEPENDENCY_UNAVAILABLE");

    let text = rest(fixture.as_user("GET", WATCH).send().await.unwrap()).await;
    let error: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(error["error"]["status"], "UNAVAILABLE");
}

#[tokio::test]
async fn a_silent_stream_shows_that_it_lives() {
    let mut settings = settings();
    settings.requests.heartbeat = Duration::from_millis(100);
    let fixture = Fixture::with(settings, one_and_silence).await;
    let mut response = events(&fixture).send().await.unwrap();
    assert!(read(&mut response).await.starts_with("id: 1\n"));
    for _ in 0..2 {
        let frames = read(&mut response).await;
        assert!(frames.starts_with(": heartbeat\n\n"), "{frames:?}");
    }
}

#[tokio::test]
async fn a_stream_outlives_the_request_timeout_and_starts_before_its_first_message() {
    let mut settings = settings();
    settings.requests.request_timeout = Some(Duration::from_millis(500));
    settings.requests.heartbeat = Duration::from_secs(1);
    let silent = |_: &Seen| Answer::Stream(futures::stream::pending().boxed());
    let fixture = Fixture::with(settings, silent).await;
    let mut response = events(&fixture).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(read(&mut response).await, ": heartbeat\n\n");
    assert_eq!(fixture.upstream.last_call().metadata("grpc-timeout"), None);
}

/// The error of a stream's last frame, after one message.
async fn ending(response: Response) -> Value {
    let text = rest(response).await;
    let frames: Vec<_> = text.split_terminator("\n\n").collect();
    let [first, last] = frames[..] else {
        panic!("{text:?}")
    };
    assert!(first.starts_with("id: 1\n"), "{text:?}");
    let data = last.strip_prefix("event: error\ndata: ");
    let data = data.unwrap_or_else(|| panic!("{text:?}"));
    serde_json::from_str::<Value>(data).unwrap()["error"].clone()
}

#[tokio::test]
async fn a_stream_ends_when_its_token_expires() {
    let fixture = Fixture::start(one_and_silence).await;
    let token = fixture.token_until(&["user"], fixture.node.clock.now() + Duration::from_secs(4));
    let request = fixture
        .request("GET", WATCH)
        .header("accept", "text/event-stream");
    let error = ending(request.bearer_auth(token).send().await.unwrap()).await;
    assert_eq!(
        (&error["code"], reason(&error)),
        (&json!(401), "TOKEN_EXPIRED")
    );
    fixture.upstream.abandoned(1).await;
}

#[tokio::test]
async fn a_stream_ends_when_its_session_ends() {
    let fixture = Fixture::start(one_and_silence).await;
    let response = events(&fixture).send().await.unwrap();
    let forget_time = fixture.node.clock.now() + Duration::from_secs(900);
    fixture.node.identity.revocations().insert([Revocation {
        session_id: SESSION,
        forget_time,
    }]);
    let error = ending(response).await;
    assert_eq!(
        (&error["code"], reason(&error)),
        (&json!(401), "SESSION_REVOKED")
    );
}

#[tokio::test]
async fn a_stream_ends_when_the_edge_stops() {
    let fixture = Fixture::start(one_and_silence).await;
    let response = events(&fixture).send().await.unwrap();
    fixture.shutdown.cancel();
    let error = ending(response).await;
    assert_eq!(
        (&error["code"], reason(&error)),
        (&json!(503), "OVERLOADED")
    );
}

#[tokio::test]
async fn a_client_that_goes_away_ends_the_stream_upstream() {
    let fixture = Fixture::start(one_and_silence).await;
    let mut response = events(&fixture).send().await.unwrap();
    read(&mut response).await;
    drop(response);
    fixture.upstream.abandoned(1).await;
}

#[tokio::test]
async fn streams_have_no_head() {
    let fixture = Fixture::start(five).await;
    let response = fixture.as_user("HEAD", WATCH).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["allow"]),
        (405, &"GET, OPTIONS".parse().unwrap())
    );
    assert!(fixture.upstream.calls().is_empty());
}

#[tokio::test]
async fn a_stream_needs_its_token_like_any_call() {
    let fixture = Fixture::start(five).await;
    let response = fixture
        .request("GET", WATCH)
        .header("accept", "text/event-stream")
        .send()
        .await;
    let error = error(response.unwrap()).await;
    assert_eq!(reason(&error), "TOKEN_MISSING");
}

#[tokio::test]
async fn a_packed_stream_holds_no_message_back() {
    for coding in ["gzip", "zstd"] {
        for accept in ["application/x-ndjson", "application/json"] {
            let fixture = Fixture::start(one_and_silence).await;
            let request = fixture.as_user("GET", WATCH).header("accept", accept);
            let request = request.header("accept-encoding", coding);
            let mut response = request.send().await.unwrap();
            assert_eq!(response.headers()["content-encoding"], coding);
            let mut text = Vec::new();
            let mut gzip = flate2::write::GzDecoder::new(Vec::new());
            let mut zstd = zstd::stream::write::Decoder::new(Vec::new()).unwrap();
            while !text.ends_with(b"}") && !text.ends_with(b"}\n") {
                let chunk = response.chunk().await.unwrap().expect("a message");
                text = match coding {
                    "gzip" => {
                        gzip.write_all(&chunk).unwrap();
                        gzip.flush().unwrap();
                        gzip.get_ref().clone()
                    }
                    _ => {
                        zstd.write_all(&chunk).unwrap();
                        zstd.flush().unwrap();
                        zstd.get_ref().clone()
                    }
                };
            }
            assert!(text.windows(14).any(|part| part == b"\"sequence\":\"1\""));
        }
    }
}

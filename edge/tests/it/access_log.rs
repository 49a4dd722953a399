//! A line of each request, as others' programs read them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use edge::Settings;
use edge::config::{AccessLog, Format};
use futures::StreamExt as _;
use prost::Message as _;
use runtime::status::Problem;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::fixture::{Fixture, USER, order, settings};
use crate::upstream::{Answer, Seen, frame};
use crate::waiting::eventually;

mod file;
mod reload;

const ORDER: &str = "/v1/orders/o-1";
const WATCH: &str = "/v1/orders/o-1:watch";
const GET_ORDER: &str = "/tradewind.orders.v1.OrdersService/GetOrder";
const PATIENCE: Duration = Duration::from_secs(20);

/// A log in a folder of its own.
struct Log {
    folder: TempDir,
}

impl Log {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("access.log")
    }

    fn settings(&self, format: Format) -> Settings {
        let mut settings = settings();
        settings.access_log = AccessLog {
            access_log: format,
            access_log_file: Some(self.path()),
        };
        settings
    }

    /// Its lines, as soon as there are so many.
    async fn lines(&self, count: usize) -> Vec<String> {
        lines(&self.path(), count).await
    }

    async fn objects(&self, count: usize) -> Vec<Value> {
        let lines = self.lines(count).await;
        let read = |line: &String| serde_json::from_str(line).unwrap();
        lines.iter().map(read).collect()
    }
}

async fn lines(path: &Path, count: usize) -> Vec<String> {
    let written = async {
        loop {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let lines: Vec<_> = text.lines().map(str::to_owned).collect();
            if lines.len() >= count && text.ends_with('\n') {
                return lines;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, written).await;
    let lines = in_time.unwrap_or_else(|_| panic!("{:?}", std::fs::read_to_string(path)));
    assert_eq!(lines.len(), count, "{lines:#?}");
    lines
}

/// An order, and events of it that do not end.
fn orders(seen: &Seen) -> Answer {
    use contracts::tradewind::orders::v1::{GetOrderResponse, OrderEvent, WatchOrderResponse};
    if seen.path.ends_with("WatchOrder") {
        let event = OrderEvent {
            sequence: 1,
            ..OrderEvent::default()
        };
        let event = WatchOrderResponse { event: Some(event) };
        let first = futures::stream::iter([Ok(event.encode_to_vec())]);
        return Answer::Stream(first.chain(futures::stream::pending()).boxed());
    }
    match seen.message.ends_with(b"none") {
        true => Answer::Error(Problem::not_found("order", "none").into()),
        false => Answer::message(&GetOrderResponse {
            order: Some(order()),
        }),
    }
}

async fn start(log: &Log, format: Format) -> Fixture {
    Fixture::with(log.settings(format), orders).await
}

#[tokio::test]
async fn combined_is_read_by_what_reads_apaches_and_nginxs() {
    let log = Log::new();
    let fixture = start(&log, Format::Combined).await;
    let request = fixture.as_user("GET", &format!("{ORDER}?ticket=secret"));
    let request = request.header("referer", "https://shop.example/?access_token=secret&a=1");
    let response = request
        .header("user-agent", "curl/8.5")
        .send()
        .await
        .unwrap();
    let status = response.status().as_u16();
    let sent = response.bytes().await.unwrap().len();
    fixture.get("/nothing").await;

    let lines = log.lines(2).await;
    let (before, after) = lines[0].split_once(" [").unwrap();
    assert_eq!(before, format!("127.0.0.1 - {USER}"));
    let (time, request) = after.split_once("] ").unwrap();
    // 10/Oct/2000:13:55:36 +0000
    assert_eq!(time.len(), 26, "{time}");
    assert_eq!(
        request,
        format!(
            "\"GET {ORDER}?ticket=*** HTTP/1.1\" {status} {sent} \
             \"https://shop.example/?access_token=***&a=1\" \"curl/8.5\""
        )
    );
    assert!(lines[1].starts_with("127.0.0.1 - - ["), "{}", lines[1]);
    assert!(
        lines[1].contains("\"GET /nothing HTTP/1.1\" 404 "),
        "{}",
        lines[1]
    );
    assert!(lines[1].ends_with(" \"-\" \"-\""), "{}", lines[1]);
    assert!(!lines.concat().contains("secret"));
}

#[tokio::test]
async fn json_tells_what_is_known_of_a_request_in_every_protocol() {
    let log = Log::new();
    let fixture = start(&log, Format::Json).await;
    let message = frame(b"\x0a\x03o-1");
    let call = |content_type: &'static str, body: Bytes| {
        let request = fixture.as_user("POST", GET_ORDER);
        request.header("content-type", content_type).body(body)
    };
    let request = fixture.as_user("GET", ORDER).header("x-request-id", "r-7");
    let rest = request.send().await.unwrap().bytes().await.unwrap();
    let connect = call("application/proto", message.slice(5..));
    let connect = connect.send().await.unwrap().bytes().await.unwrap();
    let web = call("application/grpc-web", message.clone());
    let web = web.send().await.unwrap().bytes().await.unwrap();
    let http2 = reqwest::Client::builder()
        .no_proxy()
        .http2_prior_knowledge();
    let grpc = http2.build().unwrap().post(fixture.url(GET_ORDER));
    let grpc = grpc.bearer_auth(fixture.token(&["user"]));
    let grpc = grpc.header("content-type", "application/grpc");
    let grpc = grpc.body(message).send().await.unwrap();
    let grpc = grpc.bytes().await.unwrap();

    let objects = log.objects(4).await;
    for (object, (protocol, path, received, sent)) in objects.iter().zip([
        ("rest", ORDER, 0, rest.len()),
        ("connect", GET_ORDER, 5, connect.len()),
        ("grpc-web", GET_ORDER, 10, web.len()),
        ("grpc", GET_ORDER, 10, grpc.len()),
    ]) {
        let method = if protocol == "rest" { "GET" } else { "POST" };
        let route = match protocol {
            "rest" => "/v1/orders/{order_id}",
            _ => GET_ORDER,
        };
        let version = if protocol == "grpc" { "2.0" } else { "1.1" };
        for (name, expected) in [
            ("client", json!("127.0.0.1")),
            ("user", json!(USER.to_string())),
            ("method", json!(method)),
            ("path", json!(path)),
            ("http_version", json!(version)),
            ("protocol", json!(protocol)),
            ("route", json!(route)),
            ("upstream", json!("svc-orders")),
            ("status", json!(200)),
            ("grpc_status", json!(0)),
            ("bytes_in", json!(received)),
            ("bytes_out", json!(sent)),
            ("complete", json!(true)),
            ("referer", json!(null)),
            ("user_agent", json!(null)),
        ] {
            assert_eq!(object[name], expected, "{name}: {object}");
        }
        assert_eq!(object["trace_id"].as_str().unwrap().len(), 32);
        assert!(object["duration"].as_f64().unwrap() > 0.0);
        let time = object["time"].as_str().unwrap();
        chrono::DateTime::parse_from_rfc3339(time).unwrap();
        assert_eq!(
            object.as_object().unwrap().len(),
            19,
            "docs/OPERATIONS.md lists them"
        );
    }
    assert_eq!(objects[0]["request_id"], "r-7");
}

#[tokio::test]
async fn what_was_refused_or_failed_says_so() {
    let log = Log::new();
    let fixture = start(&log, Format::Json).await;
    fixture.get(ORDER).await;
    let request = fixture.as_user("GET", "/v1/orders/none");
    request.send().await.unwrap();
    let web = fixture.as_user("POST", GET_ORDER);
    let web = web.header("content-type", "application/grpc-web");
    let web = web.body(frame(b"\x0a\x04none")).send().await.unwrap();
    web.bytes().await.unwrap();
    fixture.get("/nothing").await;
    fixture.request("DELETE", ORDER).send().await.unwrap();

    let objects = log.objects(5).await;
    let told = |object: &Value| {
        let fields = ["status", "grpc_status", "protocol", "user"];
        json!(fields.map(|name| object[name].clone()))
    };
    let user = USER.to_string();
    for (object, expected) in objects.iter().zip([
        json!([401, 16, "rest", null]),
        json!([404, 5, "rest", user]),
        json!([200, 5, "grpc-web", user]),
        json!([404, null, null, null]),
        json!([405, null, null, null]),
    ]) {
        assert_eq!(told(object), expected, "{object}");
    }
}

#[tokio::test]
async fn a_stream_has_its_line_when_it_ends() {
    let log = Log::new();
    let fixture = start(&log, Format::Json).await;
    let events = fixture.as_user("GET", WATCH);
    let events = events.header("accept", "text/event-stream");
    let mut events = events.send().await.unwrap();
    let first = events.chunk().await.unwrap().unwrap().len();
    // A request that comes later is done before.
    fixture.as_user("GET", ORDER).send().await.unwrap();
    assert_eq!(log.objects(1).await[0]["path"], ORDER);

    let revocation = runtime::identity::Revocation {
        session_id: crate::fixture::SESSION,
        forget_time: fixture.node.clock.now() + Duration::from_secs(900),
    };
    fixture.node.identity.revocations().insert([revocation]);
    let rest = events.bytes().await.unwrap().len();
    let line = &log.objects(2).await[1];
    assert_eq!(line["path"], WATCH);
    assert_eq!(
        (&line["status"], &line["grpc_status"]),
        (&json!(200), &json!(16))
    );
    assert_eq!(line["bytes_out"], first + rest);
    assert_eq!(line["complete"], true);
}

#[tokio::test]
async fn who_hangs_up_is_told_from_who_got_all() {
    let log = Log::new();
    let fixture = start(&log, Format::Json).await;
    let events = fixture.as_user("GET", WATCH);
    let mut events = events.send().await.unwrap();
    events.chunk().await.unwrap().unwrap();
    drop(events);
    let line = &log.objects(1).await[0];
    assert_eq!(
        (&line["status"], &line["complete"]),
        (&json!(200), &json!(false))
    );
    assert_eq!(line["grpc_status"], json!(null));

    let log = Log::new();
    let fixture = Fixture::with(log.settings(Format::Json), |_| Answer::Silence).await;
    let mut stream = TcpStream::connect(fixture.address).await.unwrap();
    let token = fixture.token(&["user"]);
    let request =
        format!("GET {ORDER} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    eventually(async || !fixture.upstream.calls().is_empty()).await;
    drop(stream);
    let line = &log.objects(1).await[0];
    assert_eq!(
        (&line["status"], &line["complete"]),
        (&json!(499), &json!(false))
    );
}

#[tokio::test]
async fn a_websocket_has_its_line_when_it_ends() {
    use futures::SinkExt as _;
    use tokio_tungstenite::tungstenite::Message;
    use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
    let log = Log::new();
    let fixture = start(&log, Format::Json).await;
    let url = format!("ws://{}{WATCH}?ticket=secret", fixture.address);
    let mut request = url.into_client_request().unwrap();
    let authorization = format!("Bearer {}", fixture.token(&["user"]))
        .parse()
        .unwrap();
    request.headers_mut().insert("authorization", authorization);
    let stream = TcpStream::connect(fixture.address).await.unwrap();
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream)
        .await
        .unwrap();
    while !matches!(socket.next().await, Some(Ok(Message::Text(_)))) {}
    fixture.get("/nothing").await;
    assert_eq!(log.objects(1).await[0]["path"], "/nothing");

    fixture.shutdown.cancel();
    while !matches!(socket.next().await, Some(Ok(Message::Close(_)))) {}
    let _ = socket.flush().await;
    drop(socket);
    let line = &log.objects(2).await[1];
    assert_eq!(line["path"], format!("{WATCH}?ticket=***"));
    assert_eq!(line["protocol"], "websocket");
    assert_eq!(
        (&line["status"], &line["grpc_status"]),
        (&json!(101), &json!(14))
    );
    assert!(line["bytes_out"].as_u64().unwrap() > 20, "{line}");
    assert!(line["bytes_in"].as_u64().unwrap() > 0, "{line}");
    assert_eq!(line["complete"], true);
}

#[tokio::test]
async fn no_client_forges_a_line() {
    let evil = [
        "GET /a%22%20200%0A127.0.0.1 HTTP/1.1\r\n",
        "GET /a\"b\\c HTTP/1.1\r\n",
        "GE'T|%\\ /a HTTP/1.1\r\n",
    ];
    for format in [Format::Combined, Format::Json] {
        let log = Log::new();
        let fixture = start(&log, format).await;
        let mut taken = 0;
        for line in evil {
            let mut stream = TcpStream::connect(fixture.address).await.unwrap();
            stream.write_all(line.as_bytes()).await.unwrap();
            let headers = b"host: a\r\nuser-agent: \"\\ \t[1] \xc2\x9b \" 1 2\r\n\
                            referer: \"\\x\xff?token=secret\"\r\nconnection: close\r\n\r\n";
            stream.write_all(headers).await.unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.unwrap();
            // What is no HTTP is nobody's request.
            taken += usize::from(!answer.starts_with(b"HTTP/1.1 400"));
        }
        let long = format!("/{}?access_token=secret", "a".repeat(20_000));
        assert_eq!(fixture.get(&long).await.status(), 404);
        let lines = log.lines(taken + 1).await;
        assert!(taken > 0);
        for line in &lines {
            assert!(line.len() < 3000 && !line.contains("secret"), "{line}");
            match format {
                Format::Json => drop(serde_json::from_str::<Value>(line).unwrap()),
                _ => assert_eq!(line.matches('"').count(), 6, "{line}"),
            }
        }
    }
}

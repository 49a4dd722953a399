//! What clients stream is held against the contract message by message.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::future::BoxFuture;
use futures::stream::{BoxStream, StreamExt as _};
use http_body::Frame;
use http_body_util::StreamBody;
use net::coding::Coding;
use net::telemetry::Telemetry;
use prost::Message as _;
use runtime::client::Channel;
use runtime::contract::Contract;
use runtime::host::HostConfig;
use runtime::service::Service;
use runtime::status::Reason;
use runtime::testbed::{Testbed, patient};
use tonic::body::Body;
use tonic::server::{ClientStreamingService, NamedService, StreamingService};
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use tonic_types::StatusExt as _;
use tower::ServiceExt as _;

use crate::compression::packed;
use crate::dummy::{Reply, frame, send};

const CONTRACT: &str = r#"
    syntax = "proto3";
    package test.v1;
    import "buf/validate/validate.proto";
    import "tradewind/options/v1/options.proto";
    service Diary {
        rpc Keep(stream Entry) returns (Entry) {
            option (tradewind.options.v1.access) = {public: true};
        }
        rpc Echo(stream Entry) returns (stream Entry) {
            option (tradewind.options.v1.access) = {public: true};
        }
    }
    message Entry {
        string title = 1 [(tradewind.options.v1.text) = TEXT_LINE, (buf.validate.field).string = {min_len: 1, max_len: 20}];
        repeated Page pages = 2 [(buf.validate.field).repeated.max_items = 10];
    }
    message Page { string words = 1 [(buf.validate.field).string.max_len = 1000]; }
"#;
/// Answers when the stream is over, with the last entry.
const KEEP: &str = "/test.v1.Diary/Keep";
/// Answers each entry.
const ECHO: &str = "/test.v1.Diary/Echo";
/// Only turns a hang into a failure.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, PartialEq, prost::Message)]
struct Entry {
    #[prost(string, tag = "1")]
    title: String,
    #[prost(message, repeated, tag = "2")]
    pages: Vec<Page>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Page {
    #[prost(string, tag = "1")]
    words: String,
}

fn entry(title: &str) -> Bytes {
    let entry = Entry {
        title: title.into(),
        pages: Vec::new(),
    };
    frame(&entry.encode_to_vec())
}

/// What a handler was given.
#[derive(Debug, PartialEq)]
enum Received {
    Entry(String),
    Error(Code),
    End,
    /// The handler was given up.
    Nothing,
}

#[derive(Clone)]
struct Diary(UnboundedSender<Received>);

/// Tells when a handler is given up.
struct Reading(UnboundedSender<Received>);

impl Drop for Reading {
    fn drop(&mut self) {
        let _ = self.0.unbounded_send(Received::Nothing);
    }
}

impl Diary {
    /// The entries, as they come.
    fn read(&self, entries: Streaming<Entry>) -> BoxStream<'static, Result<Entry, Status>> {
        let given = self.0.clone();
        let reading = (entries, Reading(given.clone()));
        let read = futures::stream::unfold(reading, move |(mut entries, reading)| {
            let given = given.clone();
            async move {
                let next = entries.next().await;
                let what = match &next {
                    Some(Ok(entry)) => Received::Entry(entry.title.clone()),
                    Some(Err(status)) => Received::Error(status.code()),
                    None => Received::End,
                };
                given.unbounded_send(what).unwrap();
                Some((next?, (entries, reading)))
            }
        });
        read.boxed()
    }
}

impl ClientStreamingService<Entry> for Diary {
    type Response = Entry;
    type Future = BoxFuture<'static, Result<Response<Entry>, Status>>;

    fn call(&mut self, request: Request<Streaming<Entry>>) -> Self::Future {
        let mut entries = self.read(request.into_inner());
        Box::pin(async move {
            let mut last = Entry::default();
            while let Some(entry) = entries.next().await {
                // What is wrong is not for this handler to tell.
                match entry {
                    Ok(entry) => last = entry,
                    Err(_) => return Err(Status::data_loss("it went wrong")),
                }
            }
            Ok(Response::new(last))
        })
    }
}

impl StreamingService<Entry> for Diary {
    type Response = Entry;
    type ResponseStream = BoxStream<'static, Result<Entry, Status>>;
    type Future = BoxFuture<'static, Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<Streaming<Entry>>) -> Self::Future {
        let entries = self.read(request.into_inner());
        Box::pin(async move { Ok(Response::new(entries)) })
    }
}

impl NamedService for Diary {
    const NAME: &'static str = "test.v1.Diary";
}

impl tower::Service<http::Request<Body>> for Diary {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let diary = self.clone();
        let mut grpc = tonic::server::Grpc::new(ProstCodec::<Entry, Entry>::default());
        Box::pin(async move {
            Ok(match request.uri().path() {
                KEEP => grpc.client_streaming(diary, request).await,
                _ => grpc.streaming(diary, request).await,
            })
        })
    }
}

/// A service of the contract above, on a port.
struct Bed {
    _testbed: Testbed,
    channel: Channel,
    given: UnboundedReceiver<Received>,
}

impl Bed {
    async fn start() -> Bed {
        Bed::with(|_| {}).await
    }

    async fn with(limit: impl FnOnce(&mut HostConfig)) -> Bed {
        let mut config = patient(Telemetry::detached(), bus::Bus::in_process());
        limit(&mut config);
        let mut testbed = Testbed::with(config);
        let mut node = testbed.node("diary").await;
        let pool = contract_rules::testing::compile("test.proto", CONTRACT);
        node.contract = Arc::new(Contract::of(pool));
        let (gives, given) = unbounded();
        let service = Service::new(&node).with(Diary(gives));
        testbed.serve(&node, service).unwrap();
        testbed.start().await;
        Bed {
            channel: node.new_channel("diary"),
            _testbed: testbed,
            given,
        }
    }

    async fn send(&self, path: &str, messages: &[Bytes]) -> Reply {
        send(&self.channel, path, messages.concat().into(), &[]).await
    }

    /// A call that goes on to send.
    fn open(&self, path: &str) -> (UnboundedSender<Bytes>, BoxFuture<'static, Status>) {
        let (says, said) = unbounded::<Bytes>();
        let said = said.map(|data| Ok::<_, Infallible>(Frame::data(data)));
        let mut request = http::Request::new(StreamBody::new(said));
        *request.uri_mut() = path.parse().unwrap();
        let answer = self.channel.clone().oneshot(request);
        let status = async {
            let (head, body) = answer.await.unwrap().into_parts();
            match Status::from_header_map(&head.headers) {
                Some(status) => status,
                None => crate::streams::end(body).await,
            }
        };
        (says, Box::pin(status))
    }

    async fn given(&mut self) -> Received {
        let given = tokio::time::timeout(PATIENCE, self.given.next()).await;
        given.expect("nothing comes").unwrap()
    }

    /// What the handler was given of a call that is over.
    async fn all_given(&mut self) -> Vec<Received> {
        let mut all = Vec::new();
        loop {
            match self.given().await {
                Received::Nothing => return all,
                given => all.push(given),
            }
        }
    }
}

fn entries(titles: &[&str]) -> Vec<Received> {
    let titles = titles.iter();
    titles
        .map(|title| Received::Entry((*title).into()))
        .collect()
}

/// The fields that an answer names, and the message of the stream that they belong to.
fn violations(reply: &Reply) -> (Vec<String>, String) {
    assert_eq!(
        (reply.code(), reply.reason()),
        (Code::InvalidArgument, Some(Reason::InvalidField)),
        "{reply:?}"
    );
    let details = reply.status.get_error_details();
    let fields = details.bad_request().unwrap().field_violations.iter();
    let fields = fields.map(|violation| violation.field.clone()).collect();
    let metadata = &details.error_info().unwrap().metadata;
    (fields, metadata["messageIndex"].clone())
}

#[tokio::test]
async fn messages_that_keep_the_rules_come_to_the_handler_in_the_form_that_the_contract_asks_for() {
    let mut bed = Bed::start().await;
    for path in [KEEP, ECHO] {
        let messages = ["one", "u\u{308}", "three"].map(entry);
        let reply = bed.send(path, &messages).await;
        assert_eq!(reply.code(), Code::Ok, "{reply:?}");
        let mut expected = entries(&["one", "ü", "three"]);
        expected.push(Received::End);
        assert_eq!(bed.all_given().await, expected);
        let none = bed.send(path, &[]).await;
        assert_eq!(bed.all_given().await, [Received::End], "{none:?}");
    }
}

#[tokio::test]
async fn a_message_that_breaks_a_rule_ends_the_call_before_the_handler_sees_it() {
    let mut bed = Bed::start().await;
    let pages = vec![
        Page::default(),
        Page {
            words: "x".repeat(1001),
        },
    ];
    let long = Entry {
        title: "\u{200b}".into(),
        pages,
    };
    let long = frame(&long.encode_to_vec());
    for path in [KEEP, ECHO] {
        let reply = bed.send(path, &[entry(""), entry("two")]).await;
        let first = (vec!["title".to_owned()], "0".to_owned());
        assert_eq!(violations(&reply), first);
        let error = Received::Error(Code::InvalidArgument);
        assert_eq!(bed.all_given().await, [error]);

        let messages = [entry("one"), entry("two"), long.clone(), entry("four")];
        let reply = bed.send(path, &messages).await;
        let fields = vec!["title".to_owned(), "pages[1].words".to_owned()];
        assert_eq!(violations(&reply), (fields, "2".to_owned()));
        let said = reply.status.message();
        assert!(said.starts_with("message[2]: title: "), "{said}");
        let mut expected = entries(&["one", "two"]);
        expected.push(Received::Error(Code::InvalidArgument));
        assert_eq!(bed.all_given().await, expected);
    }
}

#[tokio::test]
async fn what_is_no_message_of_the_contract_ends_the_call() {
    let mut bed = Bed::start().await;
    for path in [KEEP, ECHO] {
        let reply = bed.send(path, &[entry("one"), frame(&[0x0a, 0x7f])]).await;
        assert_eq!(reply.code(), Code::InvalidArgument, "{reply:?}");
        assert_eq!(reply.reason(), Some(Reason::MalformedRequest));
        assert!(reply.status.message().starts_with("message[1]: "));
        let mut expected = entries(&["one"]);
        expected.push(Received::Error(Code::InvalidArgument));
        assert_eq!(bed.all_given().await, expected);

        let cut = bed
            .send(path, &[entry("one"), entry("two").slice(..7)])
            .await;
        assert_eq!(cut.code(), Code::InvalidArgument, "{cut:?}");
        assert_eq!(cut.reason(), Some(Reason::MalformedRequest));
        assert!(!bed.all_given().await.contains(&Received::End));
    }
}

#[tokio::test]
async fn a_message_is_as_large_as_the_contract_allows_and_a_stream_of_any_length() {
    let mut bed = Bed::start().await;
    let page = Page {
        words: "x".repeat(1000),
    };
    let full = Entry {
        title: "full".into(),
        pages: vec![page; 10],
    };
    let full = frame(&full.encode_to_vec());
    for path in [KEEP, ECHO] {
        let many = vec![full.clone(); 100];
        let reply = bed.send(path, &many).await;
        assert_eq!(reply.code(), Code::Ok, "{reply:?}");
        assert_eq!(bed.all_given().await.len(), 101);

        // Refused by its length: it need not come. Unary ones have 4 MiB where no rule says less.
        let begins = Bytes::from_static(&[0, 0x00, 0x10, 0, 0]);
        let reply = bed.send(path, &[entry("one"), begins]).await;
        assert_eq!(reply.code(), Code::ResourceExhausted, "{reply:?}");
        assert_eq!(reply.reason(), Some(Reason::RequestTooLarge));
        let given = bed.all_given().await;
        assert_eq!(given[1..], [Received::Error(Code::ResourceExhausted)]);
    }
}

#[tokio::test]
async fn the_rules_hold_for_what_was_compressed() {
    let mut bed = Bed::start().await;
    for path in [KEEP, ECHO] {
        for coding in [Coding::Gzip, Coding::Zstd] {
            let packed = |title| packed(coding, &entry(title)[5..]);
            let messages = [packed("one"), entry("two"), packed("")].concat();
            let metadata = [("grpc-encoding", coding.name())];
            let reply = send(&bed.channel, path, messages.into(), &metadata).await;
            assert_eq!(violations(&reply), (vec!["title".into()], "2".into()));
            let mut expected = entries(&["one", "two"]);
            expected.push(Received::Error(Code::InvalidArgument));
            assert_eq!(bed.all_given().await, expected);
        }
    }
}

#[tokio::test]
async fn a_message_that_has_begun_has_to_come_to_its_end() {
    let short = Duration::from_millis(50);
    let bed = Bed::with(|config| config.server.request_body_timeout = short).await;
    for path in [KEEP, ECHO] {
        let (says, status) = bed.open(path);
        says.unbounded_send(entry("one").slice(..3)).unwrap();
        let status = tokio::time::timeout(PATIENCE, status).await.unwrap();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
        let reason = runtime::status::reason(&status);
        assert_eq!(reason, Some(Reason::RequestTooSlow));
    }
}

#[tokio::test]
async fn a_stream_whose_client_hangs_up_does_not_look_as_if_it_had_come_to_its_end() {
    let mut bed = Bed::start().await;
    for path in [KEEP, ECHO] {
        for begun in [Bytes::new(), entry("two").slice(..7)] {
            let (says, status) = bed.open(path);
            let call = tokio::spawn(status);
            says.unbounded_send(entry("one")).unwrap();
            assert_eq!(bed.given().await, Received::Entry("one".into()));
            says.unbounded_send(begun).unwrap();
            call.abort();
            let given = bed.all_given().await;
            assert!(!given.contains(&Received::End), "{given:?}");
            assert_eq!(
                given
                    .iter()
                    .filter(|one| matches!(one, Received::Entry(_)))
                    .count(),
                0
            );
        }
    }
}

//! Where the routes of other servers come from, and how they change while the edge runs.

mod refused;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use edge::Gateway;
use edge::generic::{Access, Config, Servers};
use futures::StreamExt as _;
use http::Request;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use net::StartError;
use prost::Message as _;
use prost_types::FileDescriptorProto;
use runtime::testbed::Testbed;
use serde_json::Value;
use tokio::net::TcpStream;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Status};
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{
    FileDescriptorResponse, ListServiceResponse, ServerReflectionRequest, ServerReflectionResponse,
    ServiceResponse,
};

use crate::fixture::{Fixture, settings};
use crate::generic::Book;
use crate::upstream::{Answer, Seen, Upstream};
use crate::waiting::eventually;

const BOOK: &str = "/v1/shelves/1/books/2";
const ROUTE: &str = r#"get: "/v1/{name=shelves/*/books/*}""#;
const V1: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

#[derive(Clone, PartialEq, prost::Message)]
struct RawSet {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    file: Vec<Bytes>,
}

/// The library's descriptors, after a change of their text.
pub(crate) fn library(change: impl Fn(String) -> String) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string("tests/proto/library.proto").unwrap();
    std::fs::write(folder.path().join("library.proto"), change(text)).unwrap();
    protox::Compiler::new([folder.path(), Path::new("../proto")])
        .unwrap()
        .include_imports(true)
        .open_file("library.proto")
        .unwrap()
        .encode_file_descriptor_set()
}

/// With one route more.
fn grown() -> Vec<u8> {
    library(|text| {
        let more = format!(r#"{ROUTE} additional_bindings {{get: "/v2/{{name=**}}"}}"#);
        text.replace(ROUTE, &more)
    })
}

fn config(files: &[&Path], upstream: &[String]) -> Config {
    Config {
        servers: Servers {
            descriptor_set: files.iter().map(|file| file.to_path_buf()).collect(),
            descriptor_refresh: Duration::from_millis(10),
            upstream: upstream.iter().map(|one| one.parse().unwrap()).collect(),
            ..Servers::default()
        },
        access: Access::Public,
        forward_authorization: false,
        jwt: gateway::jwt::Config::default(),
    }
}

async fn build(config: Config) -> Result<(Arc<Gateway>, Testbed, runtime::node::Node), StartError> {
    let mut mesh = Testbed::new();
    let node = mesh.node("edge").await;
    let door = edge::Config {
        settings: settings(),
        ..edge::Config::default()
    };
    let edge = edge::generic::build(config, door, &node).await?;
    Ok((edge, mesh, node))
}

async fn start(upstream: Upstream, config: Config) -> Fixture {
    let (edge, mesh, node) = build(config).await.unwrap();
    Fixture::serve(edge, node, mesh, upstream).await
}

pub(crate) fn name_back(seen: &Seen) -> Answer {
    let Book { name, .. } = seen.decode();
    Answer::message(&Book { name, pages: 300 })
}

async fn status(fixture: &Fixture, path: &str) -> u16 {
    fixture.get(path).await.status().as_u16()
}

fn counts(fixture: &Fixture, outcome: &str) -> bool {
    fixture.metric("edge_descriptor_reloads_total", &[("outcome", outcome)]) > Some(0.0)
}

/// A connection of its own, which outlasts its requests.
async fn connect(fixture: &Fixture) -> SendRequest<Empty<Bytes>> {
    let stream = TcpStream::connect(fixture.address).await.unwrap();
    let (requests, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    requests
}

/// Of a request on that connection, read to its end.
async fn status_on(connection: &mut SendRequest<Empty<Bytes>>, path: &str) -> u16 {
    connection.ready().await.expect("the connection goes on");
    let request = Request::get(path).header("host", "x");
    let request = request.body(Empty::new()).unwrap();
    let response = connection.send_request(request).await.unwrap();
    let status = response.status().as_u16();
    response.collect().await.unwrap();
    status
}

#[tokio::test]
async fn a_connection_from_before_gets_the_new_routes() {
    let upstream = Upstream::start(name_back).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), library(|text| text)).unwrap();
    let address = format!("library.v1.Library=http://{}", upstream.address);
    let fixture = start(upstream, config(&[file.path()], &[address])).await;

    let mut connection = connect(&fixture).await;
    assert_eq!(status_on(&mut connection, BOOK).await, 200);
    assert_eq!(status_on(&mut connection, "/v2/some").await, 404);
    std::fs::write(file.path(), grown()).unwrap();
    let connection = tokio::sync::Mutex::new(connection);
    eventually(async || {
        let mut connection = connection.lock().await;
        assert_eq!(
            status_on(&mut connection, BOOK).await,
            200,
            "no request is lost"
        );
        status_on(&mut connection, "/v2/some").await == 200
    })
    .await;
    eventually(async || counts(&fixture, "applied")).await;
}

/// What was asked before new descriptors came is answered in the words of the old.
#[tokio::test]
async fn what_is_under_way_ends_by_the_old_descriptors() {
    let gates: [_; 2] = std::array::from_fn(|_| futures::channel::mpsc::unbounded::<Vec<u8>>());
    let [(stream_gate, stream), (unary_gate, unary)] = gates;
    let (stream, unary) = (Mutex::new(Some(stream)), Mutex::new(Some(unary)));
    let upstream = Upstream::start(move |seen| {
        let gate = match seen.path.ends_with("WatchSeats") {
            true => &stream,
            false => &unary,
        };
        match gate.lock().unwrap().take() {
            Some(messages) => Answer::Stream(messages.map(Ok).boxed()),
            None => name_back(seen),
        }
    })
    .await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), library(|text| text)).unwrap();
    let address = format!("library.v1.Library=http://{}", upstream.address);
    let fixture = start(upstream, config(&[file.path()], &[address])).await;
    let book = |pages| {
        let name = String::new();
        Book { name, pages }.encode_to_vec()
    };

    stream_gate.unbounded_send(book(1)).unwrap();
    let mut stream = fixture.get("/v1/shelves/1/seats").await;
    let first = stream.chunk().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&first).contains(r#""pages":"1""#));
    let asked = fixture.upstream.calls().len();
    let unary = tokio::spawn(fixture.request("GET", BOOK).send());
    eventually(async || fixture.upstream.calls().len() > asked).await;

    let renamed = library(|text| text.replace("int64 pages", "int64 sheets"));
    std::fs::write(file.path(), renamed).unwrap();
    eventually(async || {
        let new: Value = fixture.get(BOOK).await.json().await.unwrap();
        new["sheets"] == "300"
    })
    .await;

    stream_gate.unbounded_send(book(2)).unwrap();
    drop(stream_gate);
    let mut rest = Vec::new();
    while let Some(chunk) = stream.chunk().await.unwrap() {
        rest.extend(chunk);
    }
    assert!(String::from_utf8_lossy(&rest).contains(r#""pages":"2""#));
    unary_gate.unbounded_send(book(3)).unwrap();
    drop(unary_gate);
    let unary = unary.await.unwrap().unwrap();
    assert_eq!(unary.status(), 200);
    let unary: Value = unary.json().await.unwrap();
    assert_eq!(unary["pages"], "3");
}

#[tokio::test]
async fn the_longest_name_has_the_service() {
    let (near, far) = (
        Upstream::start(name_back).await,
        Upstream::start(name_back).await,
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), library(|text| text)).unwrap();
    let addresses = [
        format!("http://{}", far.address),
        format!("library.v1.Library=http://{}", near.address),
    ];
    let fixture = start(near, config(&[file.path()], &addresses)).await;
    assert_eq!(status(&fixture, BOOK).await, 200);
    assert_eq!(status(&fixture, "/v1/things/1").await, 200);
    assert_eq!(
        fixture.upstream.last_call().path,
        "/library.v1.Library/GetBook"
    );
    assert_eq!(far.last_call().path, "/library.v1.Elsewhere/GetThing");
}

/// Tells of one file at a time, so that imports have to be asked for.
fn reflect(seen: &Seen) -> Answer {
    let set = RawSet::decode(&library(|text| text)[..]).unwrap();
    let named = |raw: Bytes| {
        let name = FileDescriptorProto::decode(raw.clone())
            .unwrap()
            .name()
            .to_owned();
        (name, raw)
    };
    let files: BTreeMap<String, Bytes> = set.file.into_iter().map(named).collect();
    let answer = |question: ServerReflectionRequest| {
        let answer = match question.message_request.unwrap() {
            MessageRequest::ListServices(_) => {
                let names = ["grpc.reflection.v1.ServerReflection", "library.v1.Library"];
                let service = names.map(|name| ServiceResponse { name: name.into() });
                let service = service.to_vec();
                MessageResponse::ListServicesResponse(ListServiceResponse { service })
            }
            MessageRequest::FileContainingSymbol(name) => {
                assert_eq!(name, "library.v1.Library");
                file(&files["library.proto"])
            }
            MessageRequest::FileByFilename(name) => file(&files[&name]),
            other => panic!("{other:?}"),
        };
        ServerReflectionResponse {
            message_response: Some(answer),
            ..ServerReflectionResponse::default()
        }
    };
    Answer::messages(seen.decode_all().into_iter().map(answer))
}

fn file(raw: &Bytes) -> MessageResponse {
    let file_descriptor_proto = vec![raw.to_vec()];
    MessageResponse::FileDescriptorResponse(FileDescriptorResponse {
        file_descriptor_proto,
    })
}

#[tokio::test]
async fn routes_come_by_reflection_of_either_version() {
    for only_alpha in [false, true] {
        let upstream = Upstream::start(move |seen| match seen.path.as_str() {
            V1 if only_alpha => Answer::Error(Status::new(Code::Unimplemented, "what?")),
            path if path.starts_with("/grpc.reflection.") => reflect(seen),
            _ => name_back(seen),
        })
        .await;
        let address = format!("http://{}", upstream.address);
        let fixture = start(upstream, config(&[], &[address])).await;
        let body: Value = fixture.get(BOOK).await.json().await.unwrap();
        assert_eq!(body["name"], "shelves/1/books/2");
    }
}

#[tokio::test]
async fn routes_come_from_a_server_of_tonic() {
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = format!("library.v1=http://{}", incoming.local_addr().unwrap());
    let set = library(|text| text);
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(&set)
        .build_v1()
        .unwrap();
    let server = tonic::transport::Server::builder().add_service(reflection);
    tokio::spawn(server.serve_with_incoming(incoming));
    // It only tells of the services, and has none of them.
    let nobody = Upstream::start(name_back).await;
    let fixture = start(nobody, config(&[], &[address])).await;
    assert_eq!(status(&fixture, BOOK).await, 501);
    assert_eq!(status(&fixture, "/v1/things/1").await, 501);
    assert_eq!(status(&fixture, "/v2/some").await, 404);
}

#[tokio::test]
async fn what_is_read_again_and_is_the_same_changes_nothing() {
    let upstream = Upstream::start(reflect).await;
    let address = format!("http://{}", upstream.address);
    let fixture = start(upstream, config(&[], &[address])).await;
    // Each time there are several questions, the last for what the service's file imports.
    let reads = fixture.upstream.calls().len();
    eventually(async || fixture.upstream.calls().len() > 4 * reads).await;
    assert!(!counts(&fixture, "applied") && !counts(&fixture, "refused"));
}

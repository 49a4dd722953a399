//! Bodies that are no JSON: forms, files, raw bytes, up and down.

use bytes::Bytes;
use edge::Settings;
use edge::profile::Name;
use futures::channel::mpsc;
use futures::{SinkExt as _, StreamExt as _};
use reqwest::Response;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tonic::Status;
use transcoder::HttpBody;

use crate::fixture::{Fixture, bare, error, settings};
use crate::generic::of_file;
use crate::upstream::{Answer, Seen, Upstream};
use crate::waiting::until_closed;

#[derive(Clone, PartialEq, prost::Message)]
struct PutFile {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    file: Option<HttpBody>,
    #[prost(string, tag = "3")]
    folder: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Folder {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(int64, tag = "2")]
    size: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct AddFolder {
    #[prost(message, optional, tag = "1")]
    folder: Option<Folder>,
}

fn body(content_type: &str, data: &[u8]) -> HttpBody {
    HttpBody {
        content_type: content_type.to_owned(),
        data: Bytes::copy_from_slice(data),
    }
}

/// Answers a folder to whoever sends something, and `png` to whoever asks for it.
fn files(seen: &Seen) -> Answer {
    match seen.path.rsplit('/').next().unwrap() {
        "GetFile" => Answer::message(&PutFile {
            file: Some(body("image/png", b"\x89PNG")),
            ..PutFile::default()
        }),
        "DownloadFile" => {
            let PutFile { name, .. } = seen.decode();
            let pieces = match name.as_str() {
                "wrong" => Vec::new(),
                "long" => vec![body("text/csv", &[b'x'; 64 << 10]); 128],
                _ => vec![body("text/csv", b"a,b\n"), body("", b"1,2\n")],
            };
            let pieces = pieces.into_iter().map(|piece| {
                use prost::Message as _;
                Ok(piece.encode_to_vec())
            });
            let broken = (name != "a").then(|| Err(Status::data_loss("the disk is gone")));
            Answer::Stream(futures::stream::iter(pieces.chain(broken)).boxed())
        }
        _ => Answer::message(&Folder {
            name: "f".to_owned(),
            size: 4,
        }),
    }
}

async fn start() -> Fixture {
    start_with(settings()).await
}

async fn start_with(settings: Settings) -> Fixture {
    start_as(None, settings).await
}

async fn start_as(profile: Option<Name>, settings: Settings) -> Fixture {
    let upstream = Upstream::start(files).await;
    of_file("files.proto", "files.v1.Files", upstream, settings, profile).await
}

#[tokio::test]
async fn a_file_goes_up_as_it_is() {
    let fixture = start().await;
    let request = fixture
        .request("PUT", "/v1/files/a%20b?folder=f")
        .header("content-type", "image/png")
        .body(&b"\x89PNG"[..]);
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer, json!({"name": "f", "size": "4"}));
    let expected = PutFile {
        name: "a b".to_owned(),
        file: Some(body("image/png", b"\x89PNG")),
        folder: "f".to_owned(),
    };
    assert_eq!(fixture.upstream.last_call().decode::<PutFile>(), expected);

    // JSON is bytes like others here.
    let request = fixture.request("PUT", "/v1/files/a").json(&json!({"b": 1}));
    assert_eq!(request.send().await.unwrap().status(), 200);
    let sent: PutFile = fixture.upstream.last_call().decode();
    assert_eq!(sent.file, Some(body("application/json", b"{\"b\":1}")));
}

#[tokio::test]
async fn a_file_comes_down_as_it_is() {
    let fixture = start().await;
    let response = fixture.get("/v1/files/a").await;
    assert_eq!(response.headers()["content-type"], "image/png");
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    assert_eq!(response.bytes().await.unwrap(), &b"\x89PNG"[..]);

    let response = fixture.get("/v1/files/a:download").await;
    assert_eq!(response.headers()["content-type"], "text/csv");
    assert_eq!(response.text().await.unwrap(), "a,b\n1,2\n");
}

/// What came of a body, and whether it was whole.
async fn read(mut response: Response) -> (Vec<u8>, bool) {
    let mut came = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(piece)) => came.extend(piece),
            Ok(None) => return (came, true),
            Err(_) => return (came, false),
        }
    }
}

#[tokio::test]
async fn a_download_that_breaks_off_comes_as_far_as_it_went_and_is_not_taken_for_whole() {
    let fixture = start().await;
    let http2 = reqwest::Client::builder().no_proxy();
    let http2 = http2.http2_prior_knowledge().build().unwrap();
    for client in [&fixture.client, &http2] {
        for (name, expected) in [
            ("broken", b"a,b\n1,2\n".to_vec()),
            ("long", vec![b'x'; 8 << 20]),
        ] {
            for coding in ["identity", "gzip, zstd"] {
                let request = client.get(fixture.url(&format!("/v1/files/{name}:download")));
                let request = request.header("accept-encoding", coding);
                let response = request.send().await.unwrap();
                assert_eq!(response.status(), 200);
                assert_eq!(response.headers()["content-type"], "text/csv");
                assert!(!response.headers().contains_key("content-encoding"));
                let (came, is_whole) = read(response).await;
                assert_eq!((came.len(), is_whole), (expected.len(), false));
                assert!(came == expected);
            }
        }
    }
}

/// HTTP/1.0 has no other end of such a body than that of the connection.
#[tokio::test]
async fn a_client_of_http_1_0_gets_what_came_of_a_download_that_breaks_off() {
    let fixture = start().await;
    let mut stream = TcpStream::connect(fixture.address).await.unwrap();
    let request = "GET /v1/files/broken:download HTTP/1.0\r\nconnection: keep-alive\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let reply = until_closed(stream).await;
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.0 200"), "{head}");
    for framing in ["content-length", "transfer-encoding", "keep-alive"] {
        assert!(!head.contains(framing), "{head}");
    }
    assert!(head.contains("connection: close"), "{head}");
    assert_eq!(body, "a,b\n1,2\n");
}

#[tokio::test]
async fn a_download_that_fails_before_its_first_piece_is_an_error_as_any_other() {
    let fixture = start().await;
    let response = fixture.get("/v1/files/wrong:download").await;
    assert_eq!(bare(response).await, (500, "DATA_LOSS".to_owned()));
}

#[tokio::test]
async fn in_the_place_of_grpc_gateway_a_download_that_breaks_off_ends_in_a_line_about_it() {
    let fixture = start_as(Some(Name::GrpcGateway), settings()).await;
    let error = json!({"code": 15, "message": "the disk is gone", "details": []});
    let line = format!("{}\n", json!({ "error": error }));
    let response = fixture.get("/v1/files/broken:download").await;
    assert_eq!(response.headers()["content-type"], "text/csv");
    assert_eq!(
        response.text().await.unwrap(),
        format!("a,b\n1,2\n\n{line}")
    );

    let response = fixture.get("/v1/files/wrong:download").await;
    assert_eq!(response.status(), 500);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.text().await.unwrap(), line);
}

#[tokio::test]
async fn an_upload_goes_in_pieces_with_its_fields_in_the_first() {
    let fixture = start().await;
    let data = vec![7; 3 << 20];
    let request = fixture
        .request("POST", "/v1/files/a:upload?folder=f")
        .header("content-type", "image/png")
        .body(data.clone());
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["name"], "f");
    let pieces: Vec<PutFile> = fixture.upstream.last_call().decode_all();
    assert!(pieces.len() > 1);
    assert_eq!((&*pieces[0].name, &*pieces[0].folder), ("a", "f"));
    let files: Vec<_> = pieces
        .into_iter()
        .map(|piece| piece.file.unwrap())
        .collect();
    let types: String = files.iter().map(|file| &*file.content_type).collect();
    assert_eq!(types, "image/png");
    let sent: Vec<u8> = files.iter().flat_map(|file| file.data.to_vec()).collect();
    assert!(sent == data);

    let request = fixture.request("POST", "/v1/files/a:upload");
    assert_eq!(request.send().await.unwrap().status(), 200);
    let pieces: Vec<PutFile> = fixture.upstream.last_call().decode_all();
    assert_eq!((pieces.len(), &*pieces[0].name), (1, "a"));
}

#[tokio::test]
async fn pieces_go_on_as_they_come() {
    let fixture = start().await;
    let (mut pieces, receiver) = mpsc::channel::<Result<Bytes, std::io::Error>>(1);
    let request = fixture
        .request("POST", "/v1/echo")
        .header("content-type", "text/plain")
        .body(reqwest::Body::wrap_stream(receiver));
    pieces.send(Ok(Bytes::from_static(b"one"))).await.unwrap();
    let mut response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/plain");
    // The client has not ended, and yet has its answer.
    assert_eq!(response.chunk().await.unwrap().unwrap(), "one");
    pieces.send(Ok(Bytes::from_static(b"two"))).await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "two");
    drop(pieces);
    assert_eq!(response.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn uploads_have_their_limit() {
    let mut settings = settings();
    settings.mapping.upload_limit = 100_000;
    let fixture = start_with(settings).await;
    let upload = || fixture.request("POST", "/v1/files/a:upload");
    let expected = (413, "INVALID_ARGUMENT".to_owned());
    let announced = upload().body(vec![0; 100_001]);
    assert_eq!(bare(announced.send().await.unwrap()).await, expected);
    assert!(fixture.upstream.calls().is_empty());
    let piece = || Ok::<_, std::io::Error>(Bytes::from_static(&[0; 50_001]));
    let pieces = futures::stream::iter([piece(), piece()]);
    // In HTTP/1.1 the connection would end with it.
    let client = reqwest::Client::builder()
        .no_proxy()
        .http2_prior_knowledge();
    let client = client.build().unwrap();
    let unannounced = client.post(fixture.url("/v1/files/a:upload"));
    let unannounced = unannounced.body(reqwest::Body::wrap_stream(pieces));
    assert_eq!(bare(unannounced.send().await.unwrap()).await, expected);
}

#[tokio::test]
async fn what_does_not_fit_is_told_before_the_upstream_hears_of_it() {
    let fixture = start().await;
    let request = fixture
        .request("POST", "/v1/files/a:upload?nope=1")
        .body("x");
    let error = error(request.send().await.unwrap()).await;
    assert_eq!(error["status"], "INVALID_ARGUMENT");
    assert!(error["message"].as_str().unwrap().starts_with("nope: "));
    assert!(fixture.upstream.calls().is_empty());
}

/// A form with these parts.
fn multipart(parts: &[(&str, &str)]) -> String {
    let parts = parts.iter().map(|(headers, content)| {
        format!("--x\r\nContent-Disposition: form-data; {headers}\r\n\r\n{content}\r\n")
    });
    parts.chain(["--x--\r\n".to_owned()]).collect()
}

#[tokio::test]
async fn a_form_brings_a_file_and_the_fields_before_it() {
    let fixture = start().await;
    let form = multipart(&[
        ("name=\"folder\"", "f & g"),
        (
            "name=\"upload\"; filename=\"a.png\"\r\nContent-Type: image/png",
            "\r\nPNG\r\n--",
        ),
    ]);
    for (method, path) in [("PUT", "/v1/files/a"), ("POST", "/v1/files/a:upload")] {
        let request = fixture
            .request(method, path)
            .header("content-type", "multipart/form-data; boundary=x")
            .body(form.clone());
        assert_eq!(request.send().await.unwrap().status(), 200, "{path}");
        let mut pieces: Vec<PutFile> = fixture.upstream.last_call().decode_all();
        let mut sent = pieces.remove(0);
        for piece in pieces {
            let (file, more) = (sent.file.as_mut().unwrap(), piece.file.unwrap());
            file.data = [&file.data[..], &more.data[..]].concat().into();
        }
        let expected = PutFile {
            name: "a".to_owned(),
            file: Some(body("image/png", b"\r\nPNG\r\n--")),
            folder: "f & g".to_owned(),
        };
        assert_eq!(sent, expected, "{path}");
    }
    // Without a file's name it is the field of the body's name; and it may be empty.
    let request = fixture
        .request("POST", "/v1/files/a:upload")
        .header("content-type", "multipart/form-data; boundary=x")
        .body(multipart(&[("name=file", "")]));
    assert_eq!(request.send().await.unwrap().status(), 200);
    let pieces: Vec<PutFile> = fixture.upstream.last_call().decode_all();
    assert_eq!((pieces.len(), &*pieces[0].name), (1, "a"));
}

#[tokio::test]
async fn a_form_that_cannot_be_is_refused() {
    let fixture = start().await;
    let file = ("name=file; filename=a", "x");
    let large = "x".repeat(65_537);
    for (content_type, form, fault) in [
        ("boundary=x", multipart(&[]), "a file is missing"),
        (
            "boundary=x",
            multipart(&[("name=folder", "f")]),
            "a file is missing",
        ),
        ("boundary=x", multipart(&[file, file]), "more than one file"),
        (
            "boundary=x",
            multipart(&[file, ("name=folder", "f")]),
            "fields stand before the file",
        ),
        (
            "boundary=x",
            multipart(&[("name=folder", &large), file]),
            "its fields are larger than 65536 bytes",
        ),
        (
            "boundary=y",
            multipart(&[file]),
            "the body ended before its last boundary",
        ),
        (
            "",
            multipart(&[file]),
            "a boundary of 1 to 70 characters is missing",
        ),
        (
            "boundary=x",
            multipart(&[("name=nope", "1"), file]),
            "nope: is not a query parameter",
        ),
    ] {
        for (method, path) in [("PUT", "/v1/files/a"), ("POST", "/v1/files/a:upload")] {
            let request = fixture
                .request(method, path)
                .header(
                    "content-type",
                    format!("multipart/form-data; {content_type}"),
                )
                .body(form.clone());
            let error = error(request.send().await.unwrap()).await;
            assert_eq!(
                (error["code"].as_u64(), error["status"].as_str()),
                (Some(400), Some("INVALID_ARGUMENT"))
            );
            let message = error["message"].as_str().unwrap();
            assert!(message.contains(fault), "{path}: {message}, not {fault}");
        }
    }
}

#[tokio::test]
async fn forms_are_taken_where_they_are_wanted() {
    let mut settings = settings();
    settings.mapping.form_bodies = true;
    let fixture = start_with(settings).await;
    let form = |form: &'static str| {
        fixture
            .request("POST", "/v1/folders")
            .header(
                "content-type",
                "application/x-www-form-urlencoded; charset=UTF-8",
            )
            .body(form)
    };
    let response = form("name=My+folder&size=4").send().await.unwrap();
    assert_eq!(response.status(), 200);
    let AddFolder { folder } = fixture.upstream.last_call().decode();
    let expected = Folder {
        name: "My folder".to_owned(),
        size: 4,
    };
    assert_eq!(folder, Some(expected));
    // Faults have the names of the form.
    let error = error(form("sise=4").send().await.unwrap()).await;
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("sise: is no field of the form")
    );
    let violations = error["details"].as_array().unwrap().iter();
    let mut fields = violations.filter_map(|detail| detail["fieldViolations"][0]["field"].as_str());
    assert_eq!(fields.next(), Some("sise"));
    // JSON goes on as before.
    let request = fixture
        .request("POST", "/v1/folders")
        .json(&json!({"size": 5}));
    assert_eq!(request.send().await.unwrap().status(), 200);
}

//! A form with a file, cut anywhere.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use transcoder::multipart::{Event, Multipart, Part};
use transcoder::prost_reflect::{DynamicMessage, Value};
use transcoder::{Content, Matched, Options, RouteMatch, Transcoder};

#[path = "../../src/protocol/rest/body/multipart.rs"]
mod form;

/// The errors of the room above; the gateway tells them to clients.
mod failure {
    #[derive(Debug)]
    pub(crate) struct Failure;

    impl Failure {
        pub(crate) fn malformed(_: impl Into<String>) -> Self {
            Self
        }
    }
}

use form::Form;

static TRANSCODER: LazyLock<Transcoder> = LazyLock::new(|| {
    let protos = concat!(env!("CARGO_MANIFEST_DIR"), "/../../transcoder/tests/proto");
    let google = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto");
    let set = protox::Compiler::new([protos, google])
        .and_then(|mut compiler| {
            let compiler = compiler.include_imports(true).open_file("files.proto")?;
            Ok(compiler.encode_file_descriptor_set())
        })
        .expect("the proto compiles");
    Transcoder::new(&set, &Options::default()).expect("the rules are right")
});

// The first byte is the size of the pieces and says what the file is: a field of the request, or all
// of it. The first line is the content type, if it has one.
fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else {
        return;
    };
    let piece = usize::from(first >> 1).max(1);
    let line = rest
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(rest.len());
    let (content_type, body) = (&rest[..line], rest.get(line + 1..).unwrap_or_default());
    let content_type = match std::str::from_utf8(content_type) {
        Ok("") => "multipart/form-data; boundary=x",
        Ok(other) => other,
        Err(_) => return,
    };
    let (method, path) = match first & 1 {
        0 => (http::Method::PUT, "/v1/files/a"),
        _ => (http::Method::POST, "/v1/raw"),
    };
    let RouteMatch::Found(matched) = TRANSCODER.route(&method, path) else {
        panic!("{path} is a route");
    };

    let cut = read(&matched, content_type, body, piece);
    assert_eq!(cut, read(&matched, content_type, body, body.len().max(1)));
    if let Some(read) = cut {
        request(&matched, &read, body.len());
    }
    written(body, piece);
});

/// A file, and what stood before it as a query.
#[derive(Debug, PartialEq)]
struct Read {
    data: Vec<u8>,
    content_type: String,
    query: String,
}

fn read(matched: &Matched, content_type: &str, body: &[u8], piece: usize) -> Option<Read> {
    let mut form = Form::of(content_type, None, matched.route()).ok()??;
    let mut data = Vec::new();
    for piece in body.chunks(piece) {
        form.push(piece);
        while let Some(piece) = form.next().ok()? {
            assert!(!piece.is_empty());
            data.extend_from_slice(&piece);
        }
    }
    Some(Read {
        data,
        content_type: form.end().ok()?.to_owned(),
        query: form.query().to_owned(),
    })
}

/// The file is in the message, byte for byte.
fn request(matched: &Matched, read: &Read, length: usize) {
    assert!(read.data.len() < length);
    let content = Content::Raw {
        content_type: &read.content_type,
        data: &read.data,
    };
    let Ok(wire) = matched.request_of(Some(&read.query), content) else {
        return;
    };
    let input = matched.route().method().input();
    let message = DynamicMessage::decode(input, wire).expect("the message of the method");
    let file = match message.get_field_by_name("file") {
        None => message,
        Some(file) => file.as_message().expect("HttpBody").clone(),
    };
    let field = |name| {
        file.get_field_by_name(name)
            .expect("HttpBody has it")
            .into_owned()
    };
    assert_eq!(field("data"), Value::Bytes(read.data.clone().into()));
    assert_eq!(
        field("content_type"),
        Value::String(read.content_type.clone())
    );
}

/// What is written as RFC 7578 has it is read as it was: fields of a name and a content, by lines.
fn written(input: &[u8], piece: usize) {
    const BOUNDARY: &[u8] = b"\r\n--a b";
    let fields: Vec<_> = input
        .split(|byte| *byte == b'\n')
        .take(200)
        .map(field)
        .collect();
    let has_boundary = |content: &[u8]| {
        let after = [BOUNDARY, content].concat();
        after
            .windows(BOUNDARY.len())
            .filter(|part| *part == BOUNDARY)
            .count()
            > 1
    };
    if fields.iter().any(|(_, content)| has_boundary(content)) {
        return;
    }
    let mut body = Vec::new();
    for (name, content) in &fields {
        let name = name.replace('\\', r"\\").replace('"', "\\\"");
        body.extend_from_slice(BOUNDARY);
        body.extend_from_slice(b"\r\nContent-Disposition: form-data; name=\"");
        body.extend_from_slice(name.as_bytes());
        body.extend_from_slice(b"\"\r\n\r\n");
        body.extend_from_slice(content);
    }
    body.extend_from_slice(BOUNDARY);
    body.extend_from_slice(b"--\r\nepilogue");

    let parts = Multipart::of("multipart/form-data; boundary=\"a b\"").expect("it is one");
    let mut parts = parts.expect("it has a boundary");
    let mut found: Vec<(String, Vec<u8>)> = Vec::new();
    for piece in body.chunks(piece) {
        parts.push(piece);
        while let Some(event) = parts.next().expect("it is well written") {
            match event {
                Event::Part(Part { name, .. }) => found.push((name, Vec::new())),
                Event::Data(data) => {
                    let (_, content) = found.last_mut().expect("a part has begun");
                    content.extend_from_slice(&data);
                }
            }
        }
    }
    parts.end().expect("it is whole");
    assert_eq!(found, fields);
}

/// `name=content`; in names, what quotes cannot hold is left out.
fn field(line: &[u8]) -> (String, Vec<u8>) {
    let at = line.iter().position(|byte| *byte == b'=').unwrap_or(0);
    let name = String::from_utf8_lossy(&line[..at]).replace('\r', "");
    (name.chars().take(1000).collect(), line[at..].to_vec())
}

//! The framing of gRPC-Web: envelopes cut anywhere, base64 in parts, trailers in a body.
#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;

#[path = "../../src/wire/envelope.rs"]
mod envelope;
#[path = "../../src/protocol/grpc_web/frames.rs"]
mod frames;

use envelope::{Envelopes, HEADER, Sizes};

const LIMIT: usize = 1000;

fuzz_target!(|input: &[u8]| {
    let Some((piece, bytes)) = input.split_first() else {
        return;
    };
    let piece = usize::from(*piece).max(1);
    envelopes(bytes, piece);
    text(bytes, piece);
    trailers(bytes);
});

/// The messages of a stream, and whether it went wrong after them.
fn messages(bytes: &[u8], piece: usize) -> (Vec<(u8, Bytes)>, bool, bool) {
    let mut envelopes = Envelopes::of_at_most(LIMIT);
    let mut messages = Vec::new();
    for piece in bytes.chunks(piece) {
        envelopes.push(piece);
        loop {
            match envelopes.next() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(_) => return (messages, true, false),
            }
        }
    }
    (messages, false, envelopes.is_empty())
}

fn envelopes(bytes: &[u8], piece: usize) {
    let (found, failed, ends_whole) = messages(bytes, piece);
    let at_once = messages(bytes, bytes.len().max(1));
    assert_eq!(
        (&found, failed, ends_whole),
        (&at_once.0, at_once.1, at_once.2)
    );

    let again: Vec<u8> = found
        .iter()
        .flat_map(|(flags, one)| envelope::write(*flags, one))
        .collect();
    assert!(bytes.starts_with(&again));
    assert_eq!(ends_whole, !failed && again.len() == bytes.len());
    assert!(found.iter().all(|(_, one)| one.len() <= LIMIT));

    let mut sizes = Sizes::of_at_most(LIMIT);
    let seen = bytes.chunks(piece).try_for_each(|piece| sizes.see(piece));
    assert_eq!(seen.is_err(), failed);

    match envelope::single(&Bytes::copy_from_slice(bytes), LIMIT) {
        Ok(one) => assert_eq!(found, [one]),
        Err(_) => assert!(found.len() != 1 || !ends_whole),
    }
    assert!(found.len() * HEADER <= bytes.len());
}

fn text(bytes: &[u8], piece: usize) {
    let parts: String = bytes
        .chunks(piece)
        .map(|part| STANDARD.encode(part))
        .collect();
    assert_eq!(
        frames::decode(parts.as_bytes()).expect("it was encoded"),
        bytes
    );
    if let Ok(decoded) = frames::decode(bytes) {
        assert!(decoded.len() <= bytes.len() / 4 * 3);
    }
}

fn trailers(bytes: &[u8]) {
    let mut trailers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let end = line.iter().position(|byte| *byte == b':').unwrap_or(0);
        let (name, value) = (HeaderName::from_bytes(&line[..end]), line.get(end + 1..));
        let value = value.map(HeaderValue::from_bytes);
        if let (Ok(name), Some(Ok(value))) = (name, value) {
            trailers.append(name, value);
        }
    }
    let lines = frames::lines(&trailers);
    let mut found = HeaderMap::new();
    let mut rest = &lines[..];
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let line = &rest[..end];
        let colon = line
            .windows(2)
            .position(|two| two == b": ")
            .expect("each has a name");
        let name = HeaderName::from_bytes(&line[..colon]).expect("it was a name");
        assert_eq!(name.as_str().as_bytes(), &line[..colon], "in lower case");
        found.append(
            name,
            HeaderValue::from_bytes(&line[colon + 2..]).expect("it was a value"),
        );
        rest = &rest[end + 2..];
    }
    assert!(rest.is_empty());
    assert_eq!(found, trailers);
}

//! Traces, from what answers as Jaeger and as Tempo.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    thread,
};

use super::{
    running::{fails, succeeds},
    text, tradewind,
};

const JAEGER: &str = include_str!("../data/traces/jaeger.json");
const TEMPO: &str = include_str!("../data/traces/tempo.json");

/// Answers one path with a document, and all others as if there was nothing.
fn store(path: String, document: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("it is a connection");
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let first = lines.next().unwrap_or_default();
            // Its headers, to the empty line.
            while lines.next().is_some_and(|line| !line.is_empty()) {}
            let (status, body) = match first.split(' ').nth(1) == Some(path.as_str()) {
                true => ("200 OK", document),
                false => ("404 Not Found", r#"{"error":{"httpCode":404}}"#),
            };
            let length = body.len();
            let head =
                format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}");
            let _ = write!(&stream, "{head}\r\n\r\n{body}");
        }
    });
    url
}

#[test]
fn a_trace_of_jaeger_is_printed_by_what_its_traceparent_says() {
    let id = "0af7651916cd43dd8448eb211c80319c";
    let url = store(format!("/api/v3/traces/{id}"), JAEGER);
    let header = format!("00-{id}-b7ad6b7169203331-01");
    let printed = succeeds(&tradewind(&["trace", &header, "--from", &url]));
    assert!(
        printed.starts_with(&format!("trace {id}: 15 spans of 7 services")),
        "{printed}"
    );
    assert!(
        printed.contains("\n└─ OrdersService/CreateOrder"),
        "{printed}"
    );
}

#[test]
fn a_trace_of_tempo_is_printed_whichever_of_its_paths_has_it() {
    let id = "63a0a84ef0d404944c50127e3aa74fff";
    for version in ["api", "api/v2"] {
        let url = store(format!("/tempo/{version}/traces/{id}"), TEMPO);
        let from = format!("{url}/tempo/");
        let printed = succeeds(&tradewind(&["trace", id, "--from", &from]));
        assert!(printed.contains("ERROR DEADLINE_EXCEEDED"), "{printed}");
    }
}

#[test]
fn a_trace_that_is_not_there_and_an_id_that_is_none_are_told_apart() {
    let url = store("/".to_owned(), "");
    let id = "4bf92f3577b34da6a3ce929d0e0e4736";
    let told = fails(&tradewind(&["trace", id, "--from", &url]));
    assert!(
        told.contains("has no trace 4bf92f") && told.lines().count() == 1,
        "{told}"
    );
    let output = tradewind(&["trace", &id[1..]]);
    assert_eq!(output.status.code(), Some(2));
    let told = text(&output.stderr);
    assert!(told.contains("32 digits, and this 31"), "{told}");
}

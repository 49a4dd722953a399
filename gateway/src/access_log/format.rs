//! How a record looks.

use std::fmt::Write as _;
use std::net::IpAddr;

use serde::Serialize;

use super::record::Record;
use super::settings::Format;

/// Adds the line of a record, with the line feed at its end.
pub(super) fn line(format: Format, record: &Record, to: &mut String) {
    match format {
        Format::Off => return,
        Format::Combined => combined(record, to),
        Format::Json => json(record, to),
    }
    to.push('\n');
}

/// `host - user [time] "request" status bytes "referer" "user agent"`.
fn combined(record: &Record, to: &mut String) {
    let Record {
        client,
        status,
        sent,
        version,
        ..
    } = record;
    let time = record.time.format("%d/%b/%Y:%H:%M:%S +0000");
    let user = record
        .user
        .as_deref()
        .map(|user| escaped(user).replace(' ', "\\x20"));
    let user = user
        .as_deref()
        .filter(|user| !user.is_empty())
        .unwrap_or("-");
    let text = |text: &Option<String>| text.as_deref().map_or_else(|| "-".to_owned(), escaped);
    let (method, path) = (escaped(&record.method), escaped(&record.path));
    let (referer, user_agent) = (text(&record.referer), text(&record.user_agent));
    // Writing into a string cannot fail.
    let _ = write!(
        to,
        "{client} - {user} [{time}] \"{method} {path} {version}\" {status} {sent} \
         \"{referer}\" \"{user_agent}\""
    );
}

/// As NGINX does by default: nothing ends a field or a line that is not its end.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' | ..b' ' | 0x7f.. => {
                let _ = write!(escaped, "\\x{byte:02X}");
            }
            _ => escaped.push(byte.into()),
        }
    }
    escaped
}

/// The names are a promise: docs/OPERATIONS.md lists them.
#[derive(Serialize)]
struct Line<'a> {
    time: String,
    client: IpAddr,
    user: Option<&'a str>,
    method: &'a str,
    path: &'a str,
    http_version: &'a str,
    protocol: Option<&'a str>,
    route: Option<&'a str>,
    upstream: Option<&'a str>,
    status: u16,
    grpc_status: Option<i32>,
    bytes_in: u64,
    bytes_out: u64,
    complete: bool,
    duration: f64,
    request_id: &'a str,
    trace_id: &'a str,
    referer: Option<&'a str>,
    user_agent: Option<&'a str>,
}

fn json(record: &Record, to: &mut String) {
    let call = record.call.as_ref();
    let target = call.and_then(|call| call.target.as_ref());
    let line = Line {
        time: record.time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
        client: record.client,
        user: record.user.as_deref(),
        method: &record.method,
        path: &record.path,
        http_version: record.version.trim_start_matches("HTTP/"),
        protocol: call.map(|call| call.protocol),
        route: target.map(|target| &*target.route),
        upstream: target.map(|target| &*target.upstream),
        status: record.status,
        grpc_status: record.grpc_status,
        bytes_in: record.received,
        bytes_out: record.sent,
        complete: record.is_complete,
        duration: record.duration.as_secs_f64(),
        request_id: &record.request_id,
        trace_id: &record.trace_id,
        referer: record.referer.as_deref(),
        user_agent: record.user_agent.as_deref(),
    };
    let line = serde_json::to_string(&line).expect("texts and numbers are JSON");
    for one in line.chars() {
        match one.is_control() {
            // JSON may have these as they are (RFC 8259, section 7); terminals act on them.
            true => drop(write!(to, "\\u{:04x}", u32::from(one))),
            false => to.push(one),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::DateTime;

    use super::super::record::{Call, Target};
    use super::*;

    fn record() -> Record {
        Record {
            time: DateTime::from_timestamp_micros(1_700_000_000_250_000).unwrap(),
            client: "2001:db8::7".parse().unwrap(),
            user: Some("https://login.example#ada lovelace".into()),
            method: "GET".to_owned(),
            path: "/v1/books?page=2".to_owned(),
            version: "HTTP/1.1",
            call: Some(Call {
                protocol: "rest",
                target: Some(Target {
                    route: "/v1/books".into(),
                    upstream: "library.v1".to_owned(),
                }),
            }),
            status: 200,
            grpc_status: Some(0),
            received: 0,
            sent: 512,
            is_complete: true,
            duration: Duration::from_micros(1500),
            request_id: "r-1".into(),
            trace_id: "0af7651916cd43dd8448eb211c80319c".to_owned(),
            referer: None,
            user_agent: Some("curl/8.5".to_owned()),
        }
    }

    fn told(format: Format, record: &Record) -> String {
        let mut told = String::new();
        line(format, record, &mut told);
        told
    }

    #[test]
    fn combined_is_what_apache_and_nginx_write() {
        assert_eq!(
            told(Format::Combined, &record()),
            "2001:db8::7 - https://login.example#ada\\x20lovelace [14/Nov/2023:22:13:20 +0000] \
             \"GET /v1/books?page=2 HTTP/1.1\" 200 512 \"-\" \"curl/8.5\"\n"
        );
    }

    #[test]
    fn json_names_everything_and_null_is_what_is_not_known() {
        assert_eq!(
            told(Format::Json, &record()),
            "{\"time\":\"2023-11-14T22:13:20.250000Z\",\"client\":\"2001:db8::7\",\
             \"user\":\"https://login.example#ada lovelace\",\"method\":\"GET\",\
             \"path\":\"/v1/books?page=2\",\"http_version\":\"1.1\",\"protocol\":\"rest\",\
             \"route\":\"/v1/books\",\"upstream\":\"library.v1\",\"status\":200,\"grpc_status\":0,\
             \"bytes_in\":0,\"bytes_out\":512,\"complete\":true,\"duration\":0.0015,\
             \"request_id\":\"r-1\",\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\",\
             \"referer\":null,\"user_agent\":\"curl/8.5\"}\n"
        );
    }

    #[test]
    fn no_field_forges_a_line() {
        let evil = "a\" 200 1\r\n127.0.0.1 - - \\ é\u{7f}\u{2028}\0";
        let record = Record {
            user: Some(evil.into()),
            path: evil.to_owned(),
            method: evil.to_owned(),
            referer: Some(evil.to_owned()),
            user_agent: Some(evil.to_owned()),
            ..record()
        };
        for format in [Format::Combined, Format::Json] {
            let told = told(format, &record);
            let line = told.strip_suffix('\n').unwrap();
            assert!(!line.contains(|one: char| one.is_control()), "{line}");
        }
        let combined = told(Format::Combined, &record);
        assert_eq!(combined.matches('"').count(), 6, "{combined}");
        assert!(combined.contains("a\\x22 200 1\\x0D\\x0A127.0.0.1 - - \\x5C \\xC3\\xA9\\x7F"));
        let json: serde_json::Value = serde_json::from_str(&told(Format::Json, &record)).unwrap();
        assert_eq!(json["path"], evil);
    }
}

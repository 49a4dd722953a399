//! A reply as both gateways can be compared by it.

use std::collections::BTreeMap;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::{PATIENCE, cases::Case};

/// Headers that belong to the server, or to the connection.
const OF_SERVERS: &[&str] = &[
    "connection",
    "content-length",
    "date",
    "server",
    "transfer-encoding",
    "x-envoy-upstream-service-time",
];
/// What this edge tells beside: security, caches, limits.
const OURS: &[&str] = &[
    "cache-control",
    "content-security-policy",
    "cross-origin-opener-policy",
    "permissions-policy",
    "ratelimit",
    "ratelimit-policy",
    "referrer-policy",
    "retry-after",
    "vary",
    "x-content-type-options",
    "x-frame-options",
    "x-request-id",
];
/// Metadata that gateways add of themselves.
const OF_GATEWAYS: &[&str] = &[
    ":authority",
    "content-type",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-original-method",
    "x-envoy-original-path",
    "x-forwarded-proto",
    // Ours.
    "accept-language",
    "traceparent",
    "tracestate",
    "x-client-address",
    "x-client-user-agent",
    "x-request-id",
];

/// What matters of a reply.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: String,
    pub(super) headers: BTreeMap<String, Vec<String>>,
    pub(super) trailers: String,
    /// JSON as a value, several texts as several values, everything else as text.
    pub(super) body: Value,
}

/// Asks one of them.
pub(super) async fn ask(address: &str, case: &Case) -> Reply {
    let (method, target) = case.line.split_once(' ').unwrap_or(("GET", case.line));
    let mut request = format!("{method} {target} HTTP/1.1\r\nhost: edge.example\r\n");
    for header in case.headers {
        request += &format!("{header}\r\n");
    }
    if !case
        .headers
        .iter()
        .any(|header| header.starts_with("connection:"))
    {
        request += "connection: close\r\n";
    }
    if method != "GET" || !case.body.is_empty() {
        request += &format!("content-length: {}\r\n", case.body.len());
    }
    request += &format!("\r\n{}", case.body);
    let mut reply = Vec::new();
    let exchange = async {
        let mut socket = TcpStream::connect(address).await?;
        socket.write_all(request.as_bytes()).await?;
        socket.read_to_end(&mut reply).await
    };
    let done = timeout(PATIENCE, exchange).await;
    let done = done.unwrap_or_else(|_| panic!("{address}, {}: no end of the reply", case.name));
    done.unwrap_or_else(|error| panic!("{address}, {}: {error}", case.name));
    Reply::of(&String::from_utf8_lossy(&reply))
}

impl Reply {
    fn of(reply: &str) -> Reply {
        let (head, body) = reply.split_once("\r\n\r\n").unwrap_or((reply, ""));
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let mut headers = BTreeMap::<String, Vec<String>>::new();
        let mut is_chunked = false;
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let (name, value) = (name.to_ascii_lowercase(), value.trim());
            is_chunked |= name == "transfer-encoding";
            let value = match name.as_str() {
                // The spelling of names, and of what is percent-encoded, is free.
                "trailer" => value.to_ascii_lowercase(),
                "grpc-message" => value.replace("%20", " "),
                _ => value.to_owned(),
            };
            if !OF_SERVERS.contains(&&*name) && !OURS.contains(&&*name) {
                headers.entry(name).or_default().push(value);
            }
        }
        // How many lines the names of trailers take, and in which order, is free.
        if let Some(names) = headers.get_mut("trailer") {
            let each = names.iter().flat_map(|names| names.split(", "));
            *names = each.map(str::to_owned).collect();
            names.sort();
        }
        let (body, trailers) = match is_chunked {
            true => unchunked(body),
            false => (body.to_owned(), String::new()),
        };
        Reply {
            status: status.unwrap_or_default().to_owned(),
            headers,
            trailers,
            body: read(&body),
        }
    }

    /// Whether the gateway itself refused it, or gave it up, in its own words.
    fn is_of_gateway(&self) -> bool {
        let of = |name: &str| self.headers.get(name).map(|values| values[0].as_str());
        let is = |status, code| self.status == status && self.body["code"].as_f64() == Some(code);
        of("content-type") == Some("text/plain") || is("400", 3.0) || is("504", 4.0)
    }

    /// The parts in which the other one differs.
    pub(super) fn differences(&self, other: &Reply) -> Vec<String> {
        let mut parts = Vec::new();
        if self.status != other.status {
            parts.push("status".to_owned());
        }
        let names = self.headers.keys().chain(other.headers.keys());
        let mut names: Vec<_> = names
            .filter(|name| self.headers.get(*name) != other.headers.get(*name))
            .cloned()
            .collect();
        names.sort();
        names.dedup();
        parts.extend(names);
        if self.is_of_gateway() && other.is_of_gateway() {
            let details = |reply: &Reply| reply.body.get("details").cloned();
            if details(self) != details(other) {
                parts.push("details".to_owned());
            }
        } else if self.body != other.body {
            parts.push("body".to_owned());
        }
        if self.trailers != other.trailers {
            parts.push("trailers".to_owned());
        }
        parts
    }
}

fn read(body: &str) -> Value {
    let mut values: Vec<Value> = Vec::new();
    for value in serde_json::Deserializer::from_str(body).into_iter() {
        match value {
            Ok(value) => values.push(value),
            Err(_) => return body.into(),
        }
    }
    for value in &mut values {
        if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.retain(|name, value| {
                // Each gRPC client has a name of its own.
                let is_client =
                    name == "user-agent" && value.as_str().is_some_and(|v| v.contains('/'));
                !is_client && !OF_GATEWAYS.contains(&&**name)
            });
        }
    }
    // Zero is written as 0 or 0.0.
    values.iter_mut().for_each(whole);
    match values.len() {
        1 => values.remove(0),
        _ => values.into(),
    }
}

fn whole(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(whole),
        Value::Object(fields) => fields.values_mut().for_each(whole),
        Value::Number(number) => {
            if let Some(number) = number.as_f64() {
                *value = number.into();
            }
        }
        _ => {}
    }
}

/// A body without its chunks (RFC 9112, section 7.1), and what stands behind it.
fn unchunked(mut rest: &str) -> (String, String) {
    let mut body = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        match usize::from_str_radix(size, 16) {
            Ok(0) => {
                let after = after.trim().to_ascii_lowercase();
                let mut trailers: Vec<_> = after.lines().collect();
                trailers.sort();
                return (body, trailers.join("\n"));
            }
            Ok(size) if size + 2 <= after.len() => {
                body += &after[..size];
                rest = &after[size + 2..];
            }
            _ => break,
        }
    }
    (body + rest, "the end is missing".to_owned())
}

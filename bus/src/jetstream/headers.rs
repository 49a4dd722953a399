//! Events as NATS messages: CloudEvents 1.0, NATS protocol binding, binary content mode.

use std::str::FromStr;

use async_nats::HeaderMap;
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

use crate::Event;

/// The headers that carry a trace (W3C Trace Context).
const TRACE: [&str; 2] = ["traceparent", "tracestate"];

pub(crate) fn of(event: &Event) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("ce-specversion", "1.0");
    headers.insert("ce-id", event.id.to_string());
    headers.insert("ce-source", event.source.as_str());
    headers.insert("ce-type", kind(&event.subject));
    headers.insert("ce-subject", encode(&event.aggregate_id));
    headers.insert("ce-aggregateversion", event.version.to_string());
    headers.insert(
        "ce-time",
        event.time.to_rfc3339_opts(SecondsFormat::Micros, true),
    );
    headers.insert("content-type", "application/protobuf");
    for (name, value) in &event.trace {
        if TRACE.contains(&name.as_str()) {
            headers.insert(name.as_str(), value.as_str());
        }
    }
    headers
}

fn kind(subject: &str) -> String {
    format!("tradewind.{subject}")
}

/// Reads the event back; `Err` says what is wrong with the message. It is what its subject says,
/// or nothing: who may publish on a subject is all that the server knows of who may say what.
pub(crate) fn read(subject: &str, headers: &HeaderMap, data: Bytes) -> Result<Event, String> {
    if parse::<String>(headers, "ce-type")? != kind(subject) {
        return Err(format!("the header ce-type is not that of {subject}"));
    }
    Ok(Event {
        id: parse::<Uuid>(headers, "ce-id")?,
        subject: subject.to_owned(),
        source: parse(headers, "ce-source")?,
        aggregate_id: decode(&parse::<String>(headers, "ce-subject")?),
        version: parse(headers, "ce-aggregateversion")?,
        time: parse::<DateTime<Utc>>(headers, "ce-time")?,
        data,
        trace: TRACE
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), headers.get(*name)?.as_str().to_owned())))
            .collect(),
        publication: 0,
    })
}

fn parse<T: FromStr>(headers: &HeaderMap, name: &str) -> Result<T, String> {
    let value = headers
        .get(name)
        .ok_or_else(|| format!("the header {name} is missing"))?;
    value
        .as_str()
        .parse()
        .map_err(|_| format!("the header {name} is malformed"))
}

/// Percent-encodes what CloudEvents does not allow bare in a header (HTTP protocol binding 1.0,
/// section 3.1.3.2): spaces, quotes, percent signs and all but printable ASCII.
fn encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'"' | b'%' | 0..=0x20 | 0x7f.. => encoded.push_str(&format!("%{byte:02X}")),
            _ => encoded.push(char::from(byte)),
        }
    }
    encoded
}

pub(super) fn decode(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex
            .and_then(|hex| u8::from_str_radix(hex, 16).ok())
            .filter(|_| byte == b'%')
        {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &tail[2..];
            }
            None => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_comes_back_from_its_headers_as_it_went() {
        let event = Event {
            id: Uuid::from_u128(7),
            subject: "catalog.v1.ProductChanged".into(),
            source: "svc-catalog".into(),
            aggregate_id: "a \"wéird\" 100% SKU\n".into(),
            version: 3,
            time: DateTime::from_timestamp_micros(1_700_000_000_123_456).expect("in range"),
            data: Bytes::from_static(b"\x08\x01"),
            trace: vec![("traceparent".into(), "00-01-02-01".into())],
            publication: 0,
        };
        let read = read(&event.subject, &of(&event), event.data.clone());
        assert_eq!(read, Ok(event));
    }

    #[test]
    fn a_message_that_is_no_event_says_what_is_missing() {
        let error = read("a.v1.B", &HeaderMap::new(), Bytes::new());
        assert_eq!(error, Err("the header ce-type is missing".to_owned()));
    }

    #[test]
    fn an_event_of_another_subject_is_none() {
        let mut headers = HeaderMap::new();
        headers.insert("ce-type", "tradewind.orders.v1.OrderConfirmed");
        let error = read("auth.v1.SessionsRevoked", &headers, Bytes::new());
        assert!(error.is_err_and(|why| why.contains("ce-type")));
    }
}

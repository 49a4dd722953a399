//! How the messages of a stream are told apart: server-sent events (HTML standard, 9.2), one JSON
//! text per line, or the elements of one JSON array.

use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue};

use crate::accept;

/// The framing of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// `text/event-stream`.
    ServerSentEvents,
    /// `application/x-ndjson`.
    Lines,
    /// `application/json`. Like a line, an error that cuts the stream short is `{"error": ...}`: the
    /// last element, so that the array is well-formed in any case.
    Array,
    /// As grpc-gateway has it: a line `{"result": ...}` for each message, `{"error": ...}` for an error.
    Results,
    /// As Envoy has it: an array, closed in any case, without a word of an error.
    Elements,
}

/// Sent by `fetch` alone (W3C Fetch Metadata, section 2.2), of browsers and of Node.
const SEC_FETCH_MODE: &str = "sec-fetch-mode";

/// By their names; the first is for whoever does not say.
const OFFERS: [(Framing, &[&str]); 3] = [
    (
        Framing::Lines,
        &[
            "application/x-ndjson",
            "application/ndjson",
            "application/jsonl",
        ],
    ),
    (Framing::ServerSentEvents, &["text/event-stream"]),
    (Framing::Array, &["application/json"]),
];

impl Framing {
    /// The one that the client likes best, or lines. `fetch` that was told nothing gets events: it is
    /// clients generated from OpenAPI that call it so, for the type that they know streams by.
    pub(crate) fn wanted(headers: &HeaderMap) -> Self {
        let says_nothing = headers.get(ACCEPT).is_some_and(|value| value == "*/*");
        if says_nothing && headers.contains_key(SEC_FETCH_MODE) {
            return Self::ServerSentEvents;
        }
        accept::preferred(headers, ACCEPT, &OFFERS).unwrap_or(Self::Lines)
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::ServerSentEvents => "text/event-stream",
            Self::Lines => "application/x-ndjson",
            Self::Array | Self::Results | Self::Elements => "application/json",
        }
    }

    /// Whether the reply begins only with the first message, or the error instead of it.
    pub(crate) fn waits(self) -> bool {
        self == Self::Results
    }

    /// Whether there are signs of life.
    pub(crate) fn has_heartbeats(self) -> bool {
        !matches!(self, Self::Results | Self::Elements)
    }

    /// One message. JSON as the transcoder prints it has no line breaks.
    pub(crate) fn message(self, json: &[u8], id: Option<i64>, is_first: bool) -> Bytes {
        let mut frame = Vec::with_capacity(json.len() + 32);
        match self {
            Self::ServerSentEvents => {
                if let Some(id) = id {
                    frame.extend_from_slice(format!("id: {id}\n").as_bytes());
                }
                frame.extend_from_slice(b"data: ");
                frame.extend_from_slice(json);
                frame.extend_from_slice(b"\n\n");
            }
            Self::Lines => {
                frame.extend_from_slice(json);
                frame.push(b'\n');
            }
            Self::Array | Self::Elements => {
                frame.extend_from_slice(if is_first { b"[" } else { b",\n" });
                frame.extend_from_slice(json);
            }
            Self::Results => {
                frame.extend_from_slice(b"{\"result\":");
                frame.extend_from_slice(json);
                frame.extend_from_slice(b"}\n");
            }
        }
        frame.into()
    }

    /// A sign of life: a comment, or white space.
    pub(crate) fn heartbeat(self) -> Bytes {
        match self {
            Self::ServerSentEvents => Bytes::from_static(b": heartbeat\n\n"),
            Self::Lines | Self::Array | Self::Results | Self::Elements => Bytes::from_static(b"\n"),
        }
    }

    /// The last frame of a stream that was cut short: `{"error": ...}`.
    pub(crate) fn error(self, json: &str, is_first: bool) -> Bytes {
        match self {
            Self::ServerSentEvents => format!("event: error\ndata: {json}\n\n").into(),
            Self::Lines | Self::Results => format!("{json}\n").into(),
            Self::Elements if is_first => Bytes::from_static(b"[]"),
            Self::Elements => Bytes::from_static(b"]"),
            Self::Array if is_first => format!("[{json}]\n").into(),
            Self::Array => format!(",\n{json}]\n").into(),
        }
    }

    /// The last frame of a stream that said all it had to. An EventSource connects again when a
    /// stream ends, unless its page closes it at this event; lines just end.
    pub(crate) fn end(self, is_first: bool) -> Option<Bytes> {
        match self {
            Self::ServerSentEvents => Some(Bytes::from_static(b"event: end\ndata: {}\n\n")),
            Self::Lines | Self::Results => None,
            Self::Elements if is_first => Some(Bytes::from_static(b"[]")),
            Self::Elements => Some(Bytes::from_static(b"]")),
            Self::Array if is_first => Some(Bytes::from_static(b"[]\n")),
            Self::Array => Some(Bytes::from_static(b"]\n")),
        }
    }
}

/// `last-event-id`, by which an EventSource says where to go on.
pub(crate) fn last_event_id(headers: &HeaderMap) -> Option<&HeaderValue> {
    headers
        .get("last-event-id")
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(accept: &str) -> Framing {
        Framing::wanted(&HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]))
    }

    #[test]
    fn events_are_sent_to_who_asks_for_them_by_name() {
        assert_eq!(wanted("text/event-stream"), Framing::ServerSentEvents);
        assert_eq!(
            wanted("application/json;q=0.5, Text/Event-Stream"),
            Framing::ServerSentEvents
        );
        assert_eq!(wanted("*/*"), Framing::Lines);
        assert_eq!(Framing::wanted(&HeaderMap::new()), Framing::Lines);
    }

    #[test]
    fn events_are_sent_to_a_fetch_that_asks_for_nothing() {
        let fetched = |accept: &str| {
            let headers = [(ACCEPT, accept), (SEC_FETCH_MODE.parse().unwrap(), "cors")];
            let headers = headers.map(|(name, value)| (name, value.parse().unwrap()));
            Framing::wanted(&HeaderMap::from_iter(headers))
        };
        assert_eq!(fetched("*/*"), Framing::ServerSentEvents);
        assert_eq!(fetched("application/x-ndjson"), Framing::Lines);
        assert_eq!(fetched("application/json, */*"), Framing::Array);
        assert_eq!(fetched("text/html, */*;q=0.8"), Framing::Lines);
    }

    #[test]
    fn a_message_is_an_event_with_its_id_or_a_line() {
        let json = br#"{"a":1}"#;
        assert_eq!(
            Framing::ServerSentEvents.message(json, Some(7), true),
            "id: 7\ndata: {\"a\":1}\n\n"
        );
        assert_eq!(
            Framing::ServerSentEvents.message(json, None, true),
            "data: {\"a\":1}\n\n"
        );
        assert_eq!(Framing::Lines.message(json, Some(7), true), "{\"a\":1}\n");
    }
}

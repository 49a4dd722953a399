//! How the messages of a stream are told apart: server-sent events (HTML standard, 9.2), or one
//! JSON text per line.

use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue};

/// The framing of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// `text/event-stream`.
    ServerSentEvents,
    /// `application/x-ndjson`.
    Lines,
}

impl Framing {
    /// Events, if the client accepts them by name; wildcards mean lines.
    pub(crate) fn wanted(headers: &HeaderMap) -> Self {
        let values = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok());
        let accepted = values.flat_map(|value| value.split(','));
        let essence = |part: &str| {
            part.split(';')
                .next()
                .unwrap_or("")
                .trim()
                .to_ascii_lowercase()
        };
        match accepted
            .map(essence)
            .any(|essence| essence == "text/event-stream")
        {
            true => Self::ServerSentEvents,
            false => Self::Lines,
        }
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::ServerSentEvents => "text/event-stream",
            Self::Lines => "application/x-ndjson",
        }
    }

    /// One message. JSON as the transcoder prints it has no line breaks.
    pub(crate) fn message(self, json: &[u8], id: Option<i64>) -> Bytes {
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
        }
        frame.into()
    }

    /// A sign of life: a comment, or an empty line.
    pub(crate) fn heartbeat(self) -> Bytes {
        match self {
            Self::ServerSentEvents => Bytes::from_static(b": heartbeat\n\n"),
            Self::Lines => Bytes::from_static(b"\n"),
        }
    }

    /// The last frame of a stream that was cut short: `{"error": ...}`.
    pub(crate) fn error(self, json: &str) -> Bytes {
        match self {
            Self::ServerSentEvents => format!("event: error\ndata: {json}\n\n").into(),
            Self::Lines => format!("{json}\n").into(),
        }
    }

    /// The last frame of a stream that said all it had to. An EventSource connects again when a
    /// stream ends, unless its page closes it at this event; lines just end.
    pub(crate) fn end(self) -> Option<Bytes> {
        match self {
            Self::ServerSentEvents => Some(Bytes::from_static(b"event: end\ndata: {}\n\n")),
            Self::Lines => None,
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
    fn a_message_is_an_event_with_its_id_or_a_line() {
        let json = br#"{"a":1}"#;
        assert_eq!(
            Framing::ServerSentEvents.message(json, Some(7)),
            "id: 7\ndata: {\"a\":1}\n\n"
        );
        assert_eq!(
            Framing::ServerSentEvents.message(json, None),
            "data: {\"a\":1}\n\n"
        );
        assert_eq!(Framing::Lines.message(json, Some(7)), "{\"a\":1}\n");
    }
}

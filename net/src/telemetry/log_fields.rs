//! What a log line as JSON says of the spans around it.
//!
//! Spans hold all attributes of a trace. Written out as JSON, and again for each one that is known
//! only later, they took a tenth of the edge's time although hardly a request logs a line. A line
//! needs a few: which request, which trace, which call, by whom. Everything else is in the trace.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::span::Record;
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::{FormatFields, FormattedFields, format::Writer};

pub(super) const NAMES: [&str; 7] = [
    "trace_id",
    "request.id",
    "service.name",
    "task.name",
    "rpc.method",
    "http.route",
    "caller",
];

/// Keeps them as the text of a JSON object.
pub(super) struct LogFields;

impl<'writer> FormatFields<'writer> for LogFields {
    fn format_fields<R: RecordFields>(&self, mut out: Writer<'writer>, fields: R) -> fmt::Result {
        let mut object = String::with_capacity(192);
        object.push('{');
        fields.record(&mut Object(&mut object));
        object.push('}');
        out.write_str(&object)
    }

    fn add_fields(
        &self,
        current: &'writer mut FormattedFields<Self>,
        fields: &Record<'_>,
    ) -> fmt::Result {
        let object = &mut current.fields;
        object.pop();
        fields.record(&mut Object(object));
        object.push('}');
        Ok(())
    }
}

/// Appends members to an object that is not closed yet.
struct Object<'a>(&'a mut String);

impl Visit for Object<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if !NAMES.contains(&field.name()) {
            return;
        }
        let Object(out) = self;
        if out.len() > 1 {
            out.push(',');
        }
        out.extend(["\"", field.name(), "\":"]);
        if value.bytes().all(is_plain) {
            out.extend(["\"", value, "\""]);
        } else {
            // A String can always be written to.
            let _ = write!(out, "{}", serde_json::Value::from(value));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if NAMES.contains(&field.name()) {
            self.record_str(field, &format!("{value:?}"));
        }
    }
}

/// JSON has it as it is.
fn is_plain(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\'
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::super::logs;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("nobody panics").extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_names_the_request_also_what_was_known_of_it_only_later() {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = logs::json().with_writer(move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let span = tracing::info_span!(
                "request",
                url.path = "/v1/orders",
                request.id = "7 \"quoted\"",
                http.route = tracing::field::Empty,
            );
            span.record("http.route", "/v1/{name=**}");
            span.in_scope(|| tracing::warn!(attempts = 2, "slow"));
            tracing::info!("outside");
        });
        let written = lines.0.lock().expect("nobody panics").clone();
        let lines: Vec<serde_json::Value> = serde_json::Deserializer::from_slice(&written)
            .into_iter()
            .collect::<Result<_, _>>()
            .expect("lines are JSON");
        assert_eq!(lines[0]["message"], "slow");
        assert_eq!(lines[0]["attempts"], 2);
        assert_eq!(
            lines[0]["spans"],
            serde_json::json!([
                {"name": "request", "request.id": "7 \"quoted\"", "http.route": "/v1/{name=**}"}
            ])
        );
        assert_eq!(lines[1]["spans"], serde_json::Value::Null);
    }
}

//! Traces as Jaeger and Tempo write them: OTLP in JSON, in what each puts around it. Ids are in
//! hexadecimal (OTLP), or in base64 (Tempo, whose JSON is that of protobuf); enums are numbers or names.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::Value;

/// A span, as far as it is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Span {
    /// Hexadecimal.
    pub(super) id: String,
    pub(super) parent: Option<String>,
    pub(super) service: String,
    pub(super) name: String,
    /// Nanoseconds of Unix time.
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) has_failed: bool,
    /// How the call ended, of gRPC or HTTP.
    pub(super) code: Option<String>,
    /// What was said of it.
    pub(super) errors: Vec<String>,
    /// Spans of other traces that it comes of.
    pub(super) links: Vec<(String, String)>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Document {
    /// Of Jaeger.
    result: Option<Box<Document>>,
    /// Of Tempo's second version.
    trace: Option<Box<Document>>,
    /// Tempo's first version has another name for them.
    #[serde(alias = "batches")]
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ResourceSpans {
    resource: Resource,
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Resource {
    attributes: Vec<Attribute>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ScopeSpans {
    spans: Vec<Written>,
}

/// A span as it is written.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Written {
    span_id: String,
    parent_span_id: String,
    name: String,
    start_time_unix_nano: Value,
    end_time_unix_nano: Value,
    attributes: Vec<Attribute>,
    events: Vec<Event>,
    links: Vec<Link>,
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Attribute {
    key: String,
    value: Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Event {
    name: String,
    attributes: Vec<Attribute>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Link {
    trace_id: String,
    span_id: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    code: Value,
    message: String,
}

/// The spans of a document.
pub(super) fn read(text: &str) -> serde_json::Result<Vec<Span>> {
    let mut document: Document = serde_json::from_str(text)?;
    if let Some(inner) = document.result.take().or(document.trace.take()) {
        document = *inner;
    }
    let mut spans = Vec::new();
    for of_resource in document.resource_spans {
        let process = find(&of_resource.resource.attributes, "service.name");
        let process = process.unwrap_or_default();
        let written = of_resource.scope_spans.into_iter();
        let written = written.flat_map(|of_scope| of_scope.spans);
        spans.extend(written.map(|span| span.read(&process)));
    }
    Ok(spans)
}

impl Written {
    fn read(self, process: &str) -> Span {
        let attribute = |name| find(&self.attributes, name);
        let codes = ["rpc.response.status_code", "http.response.status_code"];
        let has_failed = match &self.status.code {
            Value::String(name) => name == "STATUS_CODE_ERROR",
            code => code.as_u64() == Some(2),
        };
        let message = Some(self.status.message.clone()).filter(|it| has_failed && !it.is_empty());
        let events = self.events.iter().filter_map(Event::trouble);
        let links = self.links.iter();
        Span {
            id: id(&self.span_id).unwrap_or_default(),
            parent: id(&self.parent_span_id),
            // A process that several services share says with each span whose it is.
            service: attribute("service.name").unwrap_or_else(|| process.to_owned()),
            start: nanoseconds(&self.start_time_unix_nano),
            end: nanoseconds(&self.end_time_unix_nano),
            has_failed,
            code: codes.into_iter().find_map(attribute),
            errors: message.into_iter().chain(events).collect(),
            links: links
                .filter_map(|link| Some((id(&link.trace_id)?, id(&link.span_id)?)))
                .collect(),
            name: self.name,
        }
    }
}

impl Event {
    /// What went wrong, if this says so: an exception, or a record of the log.
    fn trouble(&self) -> Option<String> {
        let attribute = |name| find(&self.attributes, name);
        if self.name == "exception" {
            let parts = ["exception.type", "exception.message"];
            let parts: Vec<_> = parts.into_iter().filter_map(attribute).collect();
            return Some(parts.join(": "));
        }
        let level = attribute("level")?;
        matches!(level.as_str(), "WARN" | "ERROR").then(|| self.name.clone())
    }
}

/// The value of an attribute, as text.
fn find(attributes: &[Attribute], key: &str) -> Option<String> {
    let attribute = attributes.iter().find(|it| it.key == key)?;
    // {"stringValue": "a"}, {"intValue": "1"}, {"boolValue": true}
    match attribute.value.as_object()?.values().next()? {
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn nanoseconds(value: &Value) -> u64 {
    let number = value.as_u64();
    let number = number.or_else(|| value.as_str()?.parse().ok());
    number.unwrap_or_default()
}

/// An id in hexadecimal, if there is one.
fn id(text: &str) -> Option<String> {
    let hexadecimal = match text.len() {
        16 | 32 => text.to_ascii_lowercase(),
        _ => {
            let bytes = STANDARD.decode(text).ok()?;
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        }
    };
    let names_something = hexadecimal.bytes().any(|digit| digit != b'0');
    names_something.then_some(hexadecimal)
}

#[cfg(test)]
mod tests {
    use super::*;

    const JAEGER: &str = include_str!("../../tests/data/traces/jaeger.json");
    const TEMPO: &str = include_str!("../../tests/data/traces/tempo.json");

    fn span(text: &str, id: &str) -> Span {
        let spans = read(text).expect("it is OTLP");
        let span = spans.into_iter().find(|span| span.id == id);
        span.expect("it is there")
    }

    #[test]
    fn spans_of_jaeger_are_read() {
        assert_eq!(read(JAEGER).expect("it is OTLP").len(), 15);
        let request = span(JAEGER, "5604a588d7a7dbe3");
        assert_eq!(
            (request.name.as_str(), request.service.as_str()),
            ("POST /v1/orders", "edge")
        );
        assert_eq!(request.parent.as_deref(), Some("b7ad6b7169203331"));
        assert_eq!(request.code.as_deref(), Some("201"));
        assert!(!request.has_failed && request.start < request.end);
    }

    #[test]
    fn spans_of_tempo_are_read_whichever_of_its_versions_it_is() {
        let second = TEMPO.replace("batches", "resourceSpans");
        let second = format!(r#"{{"trace": {second}, "metrics": {{}}}}"#);
        for text in [TEMPO, &second] {
            let request = span(text, "e3cad2a1076e84fe");
            assert!(request.has_failed);
            assert_eq!((request.parent, request.code), (None, Some("504".into())));
            assert_eq!(request.errors, ["request failed"]);
            let link = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
            assert_eq!(request.links, [(link.0.into(), link.1.into())]);
            let call = span(text, "902372e4a935f07b");
            assert_eq!(call.parent.as_deref(), Some("e3cad2a1076e84fe"));
            assert_eq!(call.code.as_deref(), Some("DEADLINE_EXCEEDED"));
            let served = span(text, "bf17dd8d1d1b261d");
            assert_eq!(
                (served.has_failed, served.service.as_str()),
                (false, "svc-orders")
            );
        }
    }

    #[test]
    fn errors_are_the_status_message_and_exceptions() {
        let text = r#"{"resourceSpans": [{"scopeSpans": [{"spans": [{
            "spanId": "b7ad6b7169203331", "status": {"code": 2, "message": "lost"},
            "events": [
                {"name": "exception", "attributes": [
                    {"key": "exception.message", "value": {"stringValue": "at sea"}},
                    {"key": "exception.type", "value": {"stringValue": "Storm"}}]},
                {"name": "retried", "attributes": [{"key": "level", "value": {"stringValue": "INFO"}}]}]
        }]}]}]}"#;
        let span = span(text, "b7ad6b7169203331");
        assert!(span.has_failed);
        assert_eq!(span.errors, ["lost", "Storm: at sea"]);
    }
}

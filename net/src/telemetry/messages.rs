//! Spans of events, by the semantic conventions for messaging (opentelemetry.io, semconv/messaging).

use tracing::Span;
use tracing::field::Empty;
use uuid::Uuid;

use super::{RECORDED, Trace};

/// An event on its way.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The service that sends or processes it.
    pub service: &'a str,
    /// What carries it, as the conventions name it.
    pub system: &'static str,
    /// Its subject.
    pub destination: &'a str,
    /// Its id.
    pub id: Uuid,
    /// The trace that it carries.
    pub trace: &'a [(String, String)],
}

impl Message<'_> {
    /// The span of sending it, in the trace that it belongs to, and what is to be sent along instead. None
    /// where that is not recorded.
    #[must_use]
    pub fn send(&self) -> Option<(Span, Trace)> {
        let trace = Trace::of_event(self.trace).filter(Trace::is_recorded)?;
        let span = tracing::info_span!(
            target: RECORDED,
            parent: None,
            "send",
            otel.name = format!("send {}", self.destination),
            otel.kind = "producer",
            otel.status_code = Empty,
            error.r#type = Empty,
            messaging.system = self.system,
            messaging.operation.name = "send",
            messaging.operation.r#type = "send",
            messaging.destination.name = self.destination,
            messaging.message.id = %self.id,
            service.name = self.service,
            trace_id = Empty,
        );
        let trace = trace.adopt(&span);
        Some((span, trace))
    }

    /// The span of its processing by a group, and the trace of what comes of it: a child of the span that
    /// sent it, which it links to, too.
    #[must_use]
    pub fn process(&self, group: &str) -> (Span, Trace) {
        let trace = Trace::of_event(self.trace).unwrap_or_else(Trace::unrecorded);
        if !trace.is_recorded() {
            let span = tracing::info_span!(
                parent: None,
                "consume",
                service.name = self.service,
                trace_id = trace.id(),
            );
            return (span, trace);
        }
        let span = tracing::info_span!(
            target: RECORDED,
            parent: None,
            "consume",
            otel.name = format!("process {}", self.destination),
            otel.kind = "consumer",
            messaging.system = self.system,
            messaging.operation.name = "process",
            messaging.operation.r#type = "process",
            messaging.destination.name = self.destination,
            messaging.message.id = %self.id,
            messaging.consumer.group.name = group,
            service.name = self.service,
            trace_id = Empty,
        );
        if trace.has_span() {
            trace.link_to(&span);
        }
        let trace = trace.adopt(&span);
        (span, trace)
    }
}

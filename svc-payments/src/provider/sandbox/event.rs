//! What the sandbox tells of a change, as its receiver reads it.

use serde::Deserialize;
use uuid::Uuid;

use super::tables;
use crate::domain::snapshot::Standing;
use crate::provider::ProviderEvent;

/// None of what the sandbox does not write.
pub(super) fn read(body: &[u8]) -> Option<ProviderEvent> {
    let event: Event = serde_json::from_slice(body).ok()?;
    let object = event.data.object;
    Some(ProviderEvent {
        event_id: event.id,
        kind: event.kind,
        payment_id: object.metadata.payment_id,
        provider_ref: object.id,
        standing: object.standing.and_then(Amounts::read),
    })
}

#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    id: Option<String>,
    #[serde(default)]
    metadata: Metadata,
    standing: Option<Amounts>,
}

#[derive(Deserialize)]
struct Amounts {
    status: String,
    held: i64,
    captured: i64,
}

impl Amounts {
    fn read(self) -> Option<Standing> {
        Some(Standing {
            status: tables::status(&self.status, String::new())?,
            held: self.held,
            captured: self.captured,
        })
    }
}

#[derive(Default, Deserialize)]
struct Metadata {
    payment_id: Option<Uuid>,
}

//! What there is to be told of.

use contracts::tradewind::notify::v1::{EventType, ListEventTypesResponse};

use crate::event_types;

pub(super) fn list() -> ListEventTypesResponse {
    let event_types = event_types::all().iter().map(|one| EventType {
        name: one.name.to_owned(),
        description: one.about.clone(),
    });
    ListEventTypesResponse {
        event_types: event_types.collect(),
    }
}

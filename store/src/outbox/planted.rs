//! A mistake that a simulation has to find.

use bus::{Bus, Event};
use chrono::{DateTime, Utc};
use net::planted::is_planted;
use runtime::node::Node;
use uuid::Uuid;

use super::NewEvent;

/// Publishes events before the change that they tell of has committed.
#[derive(Clone)]
pub(super) struct PublishesEarly {
    bus: Bus,
    source: &'static str,
}

impl PublishesEarly {
    pub(super) fn of(node: &Node) -> Self {
        let (bus, source) = (node.bus.clone(), node.name);
        Self { bus, source }
    }

    pub(super) async fn publish(&self, id: Uuid, event: &NewEvent, time: DateTime<Utc>) {
        if !is_planted("publish before commit") {
            return;
        }
        let event = Event {
            id,
            subject: event.subject.to_owned(),
            source: self.source.to_owned(),
            aggregate_id: event.aggregate_id.clone(),
            version: event.version,
            time,
            data: event.data.clone().into(),
            trace: Vec::new(),
            publication: 0,
        };
        // The relay publishes it once more.
        let _ = self.bus.publish(&event, 1).await;
    }
}

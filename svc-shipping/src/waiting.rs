//! What is told of shipments that are not on their way yet.

use chrono::{DateTime, Utc};
use runtime::node::Node;
use store::measure::{Backlog, Measure};
use store::{Error, Tx};

use crate::store::shipments;

pub(crate) struct Waiting {
    shipments: Backlog,
}

impl Waiting {
    pub(crate) fn new(node: &Node) -> Self {
        let (name, unit) = ("tradewind.shipments.preparing", "{shipment}");
        let shipments = Backlog::new(node, name, unit, "Shipments that wait to be dispatched");
        Self {
            shipments: shipments.with_age(node, "tradewind.shipments.oldest_preparing.age"),
        }
    }
}

impl Measure for Waiting {
    async fn measure(&self, tx: &mut Tx, now: DateTime<Utc>) -> Result<(), Error> {
        self.shipments
            .record(shipments::preparing(tx).await?, now, &[]);
        Ok(())
    }
}

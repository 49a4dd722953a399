//! What is told of stock that is held back.

use chrono::{DateTime, Utc};
use runtime::node::Node;
use store::measure::{Backlog, Measure};
use store::{Error, Tx};

use crate::store::reservations;

pub(crate) struct Waiting {
    reservations: Backlog,
}

impl Waiting {
    pub(crate) fn new(node: &Node) -> Self {
        let (name, unit) = ("tradewind.reservations.open", "{reservation}");
        let about = "Reservations of stock that are neither allocated nor given back";
        Self {
            reservations: Backlog::new(node, name, unit, about),
        }
    }
}

impl Measure for Waiting {
    async fn measure(&self, tx: &mut Tx, now: DateTime<Utc>) -> Result<(), Error> {
        let count = reservations::count_open(tx).await?;
        self.reservations.record((count, None), now, &[]);
        Ok(())
    }
}

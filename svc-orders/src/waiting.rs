//! What is told of orders that are on their way, and of what is still to be asked for.

use chrono::{DateTime, Utc};
use runtime::node::Node;
use store::measure::{Backlog, Measure};
use store::{Error, Tx};

use crate::domain::State;
use crate::store::{recovery, tasks};

pub(crate) struct Waiting {
    orders: Backlog,
    tasks: Backlog,
}

impl Waiting {
    pub(crate) fn new(node: &Node) -> Self {
        let about = "Orders that are on their way from one promise to the next";
        let orders = Backlog::new(node, "tradewind.orders.in_progress", "{order}", about);
        let about = "What is still to be asked of others for orders that are not in progress";
        let tasks = Backlog::new(node, "tradewind.order.tasks.pending", "{task}", about);
        Self {
            orders: orders.with_age(node, "tradewind.orders.oldest_in_progress.age"),
            tasks: tasks.with_age(node, "tradewind.order.tasks.oldest_overdue"),
        }
    }
}

impl Measure for Waiting {
    async fn measure(&self, tx: &mut Tx, now: DateTime<Utc>) -> Result<(), Error> {
        let found = recovery::in_progress(tx).await?;
        for state in State::ALL.into_iter().filter(|it| it.is_in_progress()) {
            let state = state.as_str();
            let orders = found.iter().find(|(of, ..)| of == state);
            let orders = orders.map_or((0, None), |(_, count, oldest)| (*count, *oldest));
            self.orders.record(orders, now, &[("state", state)]);
        }
        self.tasks.record(tasks::pending(tx).await?, now, &[]);
        Ok(())
    }
}

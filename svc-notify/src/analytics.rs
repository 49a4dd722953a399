//! Analytics: what happens in the shop, sent to an address of the operator's, in batches of lines.
//!
//! A line is written in the transaction that notes its event, and goes once the batch that it was in is taken.

mod client;
mod config;
mod metrics;
mod worker;

use ::store::upkeep::Kept;
use ::store::{Database, Error, Tx};
use net::StartError;
use net::clock::Clock;
use runtime::node::Node;

use crate::payload;
use crate::service::Told;
use crate::store::analytics;
use client::Client;
pub use config::AnalyticsConfig;
use metrics::Waiting;
use worker::Worker;

/// Who has analytics, if anybody does.
#[derive(Clone)]
pub(crate) struct Analytics {
    is_on: bool,
    clock: Clock,
}

impl Analytics {
    /// Sends what waits, tells how much does, and drops what has waited for too long.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub(crate) fn start(
        config: &AnalyticsConfig,
        db: &Database,
        node: &Node,
    ) -> Result<Self, StartError> {
        let client = Client::new(config, &node.clock).map_err(StartError::config)?;
        let is_on = client.is_some();
        if let Some(client) = client {
            let worker = Worker::new(client, config, db, node);
            node.tasks
                .spawn("analytics", |shutdown| worker.run(shutdown));
        }
        ::store::measure::start(node, "analytics-measure", db, Waiting::new(is_on, node));
        let kept = Kept {
            remove: analytics::REMOVE_OLD,
            time: config.analytics_kept,
        };
        ::store::upkeep::start(node, "analytics-upkeep", db, vec![kept]);
        Ok(Self {
            is_on,
            clock: node.clock.clone(),
        })
    }

    /// Whether there is anybody.
    pub(crate) fn is_on(&self) -> bool {
        self.is_on
    }

    /// Writes the line of an event, if there is anybody.
    ///
    /// # Errors
    /// When the database is away.
    pub(crate) async fn note(&self, tx: &mut Tx, told: Told<'_>) -> Result<(), Error> {
        if !self.is_on {
            return Ok(());
        }
        let line = payload::with_id(told.id, told.payload);
        analytics::insert(tx, &line, self.clock.now()).await
    }
}

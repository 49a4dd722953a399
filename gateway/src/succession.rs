//! Gateways that take the place of one another while they serve.

use std::sync::{Arc, Weak};

use net::StartError;
use tokio::sync::watch;

use crate::config::Config;
use crate::gateway::{Gateway, Surroundings};
use crate::plan::Plan;

/// Lets other gateways take the place of one while it serves. Requests and streams in progress end at
/// the gateway that they came to, connections go on, and what is counted of clients is counted on.
pub struct Succession {
    first: Weak<Gateway>,
    newest: watch::Sender<Option<Arc<Gateway>>>,
}

impl Succession {
    /// A gateway, as [`Gateway::new`], and the way to let others follow it.
    ///
    /// # Errors
    /// As [`Gateway::new`].
    pub fn begin(
        config: Config,
        surroundings: Surroundings,
        plan: Plan<'_>,
    ) -> Result<(Arc<Gateway>, Self), StartError> {
        let (newest, successor) = watch::channel(None);
        let first = Gateway::followed(config, surroundings, plan, Some(successor))?;
        let succession = Self {
            first: Arc::downgrade(&first),
            newest,
        };
        Ok((first, succession))
    }

    /// Lets one with this configuration and plan take the place of the one that serves. Addresses,
    /// threads and the most connections of all stay what they are.
    ///
    /// # Errors
    /// As [`Gateway::new`]; then the one that serves stays.
    pub fn follow(&self, config: Config, plan: Plan<'_>) -> Result<(), StartError> {
        if let Some(first) = self.first.upgrade() {
            let next = first.newest().renewed(config, plan)?;
            self.newest.send_replace(Some(next));
        }
        Ok(())
    }

    /// Nobody serves any more.
    pub fn is_over(&self) -> bool {
        self.first.strong_count() == 0
    }
}

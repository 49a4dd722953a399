//! New routes and settings while the gateway runs.

use std::sync::Arc;

use net::StartError;
use net::process::pause;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::descriptors::{self, Gathered};
use super::maker::{Contract, Maker};
use super::{Config, Terms};
use crate::gateway::{Gateway, Surroundings};
use crate::succession::Succession;

/// Configures a gateway anew while it serves.
#[derive(Clone)]
pub struct Renewal(mpsc::Sender<Change>);

/// What takes the place of what was configured before, and who wants to know how that went.
struct Change {
    config: Config,
    gateway: crate::Config,
    terms: Terms,
    outcome: oneshot::Sender<Result<(), StartError>>,
}

impl Renewal {
    /// Lets this take the place of what was configured before, for requests that come from then on.
    /// Requests and streams in progress end as they began.
    ///
    /// # Errors
    /// What is wrong with it, or with the descriptors; then everything stays as it was.
    pub async fn renew(
        &self,
        config: Config,
        gateway: crate::Config,
        terms: Terms,
    ) -> Result<(), StartError> {
        let (outcome, told) = oneshot::channel();
        let change = Change {
            config,
            gateway,
            terms,
            outcome,
        };
        let over = || StartError::other("the gateway serves no more");
        self.0.send(change).await.map_err(|_| over())?;
        told.await.unwrap_or_else(|_| Err(over()))
    }
}

/// Looks at the descriptors again and again, takes new configurations, and hands gateways of both to the
/// threads that serve. `first` serves what the contract says.
pub(super) fn keep_fresh(
    contract: Contract,
    gateway: crate::Config,
    first: &Arc<Gateway>,
    succession: Succession,
) -> Renewal {
    let (sender, changes) = mpsc::channel(1);
    let surroundings = first.surroundings.clone();
    let reloads = surroundings
        .telemetry
        .meter()
        .u64_counter("edge.descriptor_reloads")
        .with_description("Descriptors that were found changed, by what became of them")
        .build();
    for outcome in ["applied", "refused"] {
        reloads.add(0, &[KeyValue::new("outcome", outcome)]);
    }
    let tasks = surroundings.tasks.clone();
    let keeper = Keeper {
        contract,
        refused: None,
        gateway,
        succession,
        surroundings,
        reloads,
    };
    tasks.spawn_finite("edge-descriptors", |shutdown| async move {
        keeper.run(changes, shutdown).await;
    });
    Renewal(sender)
}

struct Keeper {
    /// What is served.
    contract: Contract,
    /// What was refused once is not refused again until it changes.
    refused: Option<Gathered>,
    gateway: crate::Config,
    succession: Succession,
    surroundings: Surroundings,
    reloads: Counter<u64>,
}

impl Keeper {
    async fn run(mut self, mut changes: mpsc::Receiver<Change>, shutdown: CancellationToken) {
        while !self.succession.is_over() {
            let refresh = self.contract.maker.config.descriptor_refresh;
            let step = async {
                tokio::select! {
                    () = pause(refresh) => self.look().await,
                    Some(change) = changes.recv() => self.change(change).await,
                }
            };
            if shutdown.run_until_cancelled(step).await.is_none() {
                return;
            }
        }
    }

    /// Serves what the descriptors say, if that is something else than before.
    async fn look(&mut self) {
        let found = descriptors::gather(&self.contract.sources).await;
        if found == self.contract.gathered {
            self.refused = None;
            return;
        }
        if self.refused.as_ref() == Some(&found) {
            return;
        }
        let set = descriptors::merge(&found).map_err(StartError::Config);
        match set.and_then(|set| self.follow(&self.contract.maker, &set)) {
            Ok(()) => {
                (self.contract.gathered, self.refused) = (found, None);
                self.count("applied");
                tracing::info!("the descriptors have changed: new routes are served");
            }
            Err(error) => {
                self.refused = Some(found);
                self.count("refused");
                tracing::error!(%error, "new descriptors are refused, the old ones stay");
            }
        }
    }

    async fn change(&mut self, change: Change) {
        let Change {
            config,
            gateway,
            terms,
            outcome,
        } = change;
        let renewed = self.renew(config, gateway, terms).await;
        // Whoever asked may have gone.
        let _ = outcome.send(renewed);
    }

    async fn renew(
        &mut self,
        config: Config,
        gateway: crate::Config,
        terms: Terms,
    ) -> Result<(), StartError> {
        let maker = Maker::new(config, terms, &self.surroundings)?;
        let (mut contract, set) = Contract::gather(maker).await?;
        let before = std::mem::replace(&mut self.gateway, gateway);
        match self.follow(&contract.maker, &set) {
            Ok(()) => {
                contract.maker.ask_health(&self.surroundings);
                (self.contract, self.refused) = (contract, None);
                Ok(())
            }
            Err(error) => {
                self.gateway = before;
                Err(error)
            }
        }
    }

    fn follow(&self, maker: &Maker, set: &[u8]) -> Result<(), StartError> {
        maker.with_plan(set, |plan| {
            self.succession.follow(self.gateway.clone(), plan)
        })
    }

    fn count(&self, outcome: &'static str) {
        self.reloads.add(1, &[KeyValue::new("outcome", outcome)]);
    }
}

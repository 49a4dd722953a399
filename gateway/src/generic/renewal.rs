//! New routes while the gateway runs.

use std::sync::Arc;

use net::StartError;
use opentelemetry::KeyValue;
use tokio::sync::watch;

use super::descriptors::{self, Gathered, Source};
use super::maker::Maker;
use crate::gateway::Gateway;

/// Looks at the descriptors again and again, and hands a gateway of new ones to the threads that serve.
/// What was `gathered` is served by `first`.
pub(super) fn keep_fresh(
    maker: Maker,
    sources: Vec<Source>,
    gathered: Gathered,
    first: &Arc<Gateway>,
    newest: watch::Sender<Option<Arc<Gateway>>>,
) {
    let surroundings = &first.surroundings;
    let reloads = surroundings
        .telemetry
        .meter()
        .u64_counter("edge.descriptor_reloads")
        .with_description("Descriptors that were found changed, by what became of them")
        .build();
    let count = move |outcome| reloads.add(1, &[KeyValue::new("outcome", outcome)]);
    let (first, tasks) = (Arc::downgrade(first), surroundings.tasks.clone());
    tasks.spawn("edge-descriptors", |shutdown| async move {
        let (mut served, mut refused) = (gathered, None);
        let pause = || tokio::time::sleep(maker.config.descriptor_refresh);
        while shutdown.run_until_cancelled(pause()).await.is_some() {
            let gathering = descriptors::gather(&sources);
            let Some(found) = shutdown.run_until_cancelled(gathering).await else {
                return;
            };
            if found == served {
                refused = None;
                continue;
            }
            // What was refused once is not refused again until it changes.
            if refused.as_ref() == Some(&found) {
                continue;
            }
            let Some(first) = first.upgrade() else { return };
            let renewed = descriptors::merge(&found)
                .map_err(StartError::Config)
                .and_then(|set| maker.with_plan(&set, |plan| first.renewed(plan)));
            match renewed {
                Ok(gateway) => {
                    newest.send_replace(Some(gateway));
                    (served, refused) = (found, None);
                    count("applied");
                    tracing::info!("the descriptors have changed: new routes are served");
                }
                Err(error) => {
                    refused = Some(found);
                    count("refused");
                    tracing::error!(%error, "new descriptors are refused, the old ones stay");
                }
            }
        }
    });
}

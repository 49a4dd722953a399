//! New routes while the edge runs.

use std::sync::Arc;

use net::StartError;
use opentelemetry::KeyValue;
use tokio::sync::watch;

use super::descriptors::{self, Gathered, Source};
use super::{Config, with_plan};
use crate::edge::Edge;

/// Looks at the descriptors again and again, and hands an edge of new ones to the threads that serve.
/// What was `gathered` is served by `first`.
pub(super) fn keep_fresh(
    config: Config,
    sources: Vec<Source>,
    gathered: Gathered,
    first: &Arc<Edge>,
    newest: watch::Sender<Option<Arc<Edge>>>,
) {
    let reloads = first
        .node
        .telemetry
        .meter()
        .u64_counter("edge.descriptor_reloads")
        .with_description("Descriptors that were found changed, by what became of them")
        .build();
    let count = move |outcome| reloads.add(1, &[KeyValue::new("outcome", outcome)]);
    let (first, tasks) = (Arc::downgrade(first), first.node.tasks.clone());
    tasks.spawn("edge-descriptors", |shutdown| async move {
        let (mut served, mut refused) = (gathered, None);
        let pause = || tokio::time::sleep(config.descriptor_refresh);
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
                .and_then(|set| with_plan(&config, &set, |plan| first.renewed(plan)));
            match renewed {
                Ok(edge) => {
                    newest.send_replace(Some(edge));
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

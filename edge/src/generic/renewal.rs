//! New routes while the edge runs.

use std::sync::Arc;

use opentelemetry::KeyValue;
use runtime::StartError;
use tokio::sync::watch;

use super::descriptors::{self, Source};
use super::{Config, with_plan};
use crate::Edge;

/// Looks at the descriptors again and again, and hands an edge of new ones to the threads that serve.
/// What was `read` is served by `first`.
pub(super) fn keep_fresh(
    config: Config,
    sources: Vec<Source>,
    read: Vec<u8>,
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
        let (mut served, mut refused) = (Ok(read), None);
        let pause = || tokio::time::sleep(config.descriptor_refresh);
        while shutdown.run_until_cancelled(pause()).await.is_some() {
            let read = descriptors::read(&sources);
            let Some(set) = shutdown.run_until_cancelled(read).await else {
                return;
            };
            if set == served {
                refused = None;
                continue;
            }
            // What was refused once is not refused again until it changes.
            if refused.as_ref() == Some(&set) {
                continue;
            }
            let Some(first) = first.upgrade() else { return };
            let renewed = match &set {
                Ok(set) => with_plan(&config, set, |plan| first.renewed(plan)),
                Err(mistakes) => Err(StartError::Config(mistakes.clone())),
            };
            match renewed {
                Ok(edge) => {
                    newest.send_replace(Some(edge));
                    (served, refused) = (set, None);
                    count("applied");
                    tracing::info!("the descriptors have changed: new routes are served");
                }
                Err(error) => {
                    refused = Some(set);
                    count("refused");
                    tracing::error!(%error, "new descriptors are refused, the old ones stay");
                }
            }
        }
    });
}

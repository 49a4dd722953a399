//! The configuration is read again while the edge serves.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgMatches, Args as _, Command};
use net::StartError;
use net::process::pause;
use opentelemetry::KeyValue;
use runtime::node::Node;
use tokio::signal::unix::Signal;

use super::{Arguments, Called, Configured, MeshSide, Process};
use crate::{generic, mesh};

/// What an edge settles when it starts, beside its process: sockets are shared out by threads.
const SETTLED: &[&str] = &["config", "edge_threads", "max_connections"];

/// The way to configure an edge anew.
pub(super) enum Renewal {
    /// That of the mesh.
    Mesh(mesh::Renewal),
    /// One in front of other services.
    Others(generic::Renewal),
}

/// Reads the configuration again on SIGHUP, and when its file has changed, and lets it take the place of
/// the one before. What is wrong is logged, and the one before stays.
pub(super) fn keep(
    called: Called,
    configured: Configured,
    renewal: Renewal,
    hangup: Signal,
    node: &Node,
) {
    let reloads = node
        .telemetry
        .meter()
        .u64_counter("edge.config_reloads")
        .with_description("Configurations that were read again, by what became of them")
        .build();
    for outcome in ["applied", "refused"] {
        reloads.add(0, &[KeyValue::new("outcome", outcome)]);
    }
    let keeper = Keeper {
        period: configured.arguments.generic.servers.descriptor_refresh,
        file: File {
            path: configured.arguments.file.config.clone(),
            content: configured.text.clone().map(String::into_bytes),
        },
        called,
        started: configured,
        renewal,
        hangup,
    };
    node.tasks.spawn("edge-configuration", |shutdown| async move {
        let mut keeper = keeper;
        while let Some(()) = shutdown.run_until_cancelled(keeper.changed()).await {
            let Some(outcome) = shutdown.run_until_cancelled(keeper.renew()).await else {
                return;
            };
            let outcome = match outcome {
                Ok(()) => {
                    tracing::info!("the configuration was read again and is served");
                    "applied"
                }
                Err(error) => {
                    tracing::error!(%error, "the new configuration is refused, the old one stays");
                    "refused"
                }
            };
            reloads.add(1, &[KeyValue::new("outcome", outcome)]);
        }
    });
}

struct Keeper {
    called: Called,
    /// As the process was started.
    started: Configured,
    renewal: Renewal,
    hangup: Signal,
    file: File,
    /// Between two looks at the file; none if it is zero.
    period: Duration,
}

impl Keeper {
    /// Until there is a reason to read the configuration again.
    async fn changed(&mut self) {
        loop {
            let has_file = self.file.path.is_some();
            tokio::select! {
                _ = self.hangup.recv() => {
                    self.file.has_changed();
                    return;
                }
                () = pause(self.period), if has_file => {
                    if self.file.has_changed() {
                        return;
                    }
                }
            }
        }
    }

    async fn renew(&mut self) -> Result<(), StartError> {
        let Configured {
            matches, arguments, ..
        } = self.called.read()?;
        for flag in settled(&self.called.command, &self.started.matches, &matches) {
            tracing::warn!(flag, "a change of this flag needs a restart");
        }
        let started = &self.started.arguments;
        if arguments.is_generic() != started.is_generic() {
            return Err(StartError::config(
                "an edge of the mesh (without --upstream) becomes one in front of other services, or \
                 the other way round, by a restart alone",
            ));
        }
        if arguments.asks_mesh()? != started.asks_mesh()? {
            return Err(StartError::config(
                "--access and --jwt-issuer: whether tokens of svc-auth count changes by a restart alone",
            ));
        }
        let Arguments { edge, generic, .. } = arguments;
        let period = generic.servers.descriptor_refresh;
        match &mut self.renewal {
            Renewal::Mesh(renewal) => renewal.renew(edge),
            Renewal::Others(renewal) => renewal.renew(generic, edge).await,
        }?;
        self.period = period;
        Ok(())
    }
}

/// The flags that say something else than at the start, and have no effect before the next one.
fn settled(command: &Command, started: &ArgMatches, now: &ArgMatches) -> Vec<String> {
    let process = MeshSide::augment_args(Process::augment_args(Command::new("process")));
    let of_process = process.get_arguments().map(|flag| flag.get_id().as_str());
    let settled: BTreeSet<&str> = of_process.chain(SETTLED.iter().copied()).collect();
    let flags = command.get_arguments();
    let flags = flags.filter(|flag| settled.contains(flag.get_id().as_str()));
    let has_changed = |id: &str| {
        let values = |matches: &ArgMatches| -> Option<Vec<_>> {
            let values = matches.try_get_raw(id).ok()??;
            Some(values.map(ToOwned::to_owned).collect())
        };
        values(started) != values(now)
    };
    let changed = flags.filter(|flag| has_changed(flag.get_id().as_str()));
    changed
        .filter_map(|flag| Some(format!("--{}", flag.get_long()?)))
        .collect()
}

/// The file as it was last read.
struct File {
    path: Option<PathBuf>,
    /// None of one that cannot be read.
    content: Option<Vec<u8>>,
}

impl File {
    /// Whether it has another content than at the last look, whatever the file is that has the name now.
    fn has_changed(&mut self) -> bool {
        let path = self.path.as_ref();
        let content = path.and_then(|path| std::fs::read(path).ok());
        std::mem::replace(&mut self.content, content) != self.content
    }
}

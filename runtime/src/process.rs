//! One service in a process of its own.

mod config;
mod mesh;

use std::ffi::OsString;
use std::fmt::Debug;
use std::process::ExitCode;

use bus::{Bus, JetStreamConfig};
use clap::{Args, Command, FromArgMatches as _};
use net::listen::{BACKLOG, listen, reserve, taken};
use net::process::{arguments, healthcheck, in_runtime, stop_signal};
use net::start::StartError;
use net::telemetry::Telemetry;

use crate::host::{Host, HostConfig};
use crate::node::Node;
use crate::service::Service;
use crate::services;
use arguments::Refused;
pub use config::{BusConfig, DrainConfig, IdentityConfig, ProcessConfig, ServerConfig};
pub use mesh::MeshConfig;

/// Runs one service of the list until SIGTERM or SIGINT, or asks one how it is. Exit codes: 0 after a shutdown, 1 after a failure,
/// 2 for a wrong configuration, of which all mistakes are printed.
pub fn main<C, F>(name: &'static str, build: F) -> ExitCode
where
    C: Args + Debug,
    F: AsyncFnOnce(C, &Node) -> Result<Service, StartError>,
{
    let Some(info) = services::find(name) else {
        let unknown = format!("{name} is not in the list of services");
        return Refused::Mistakes(vec![unknown]).tell();
    };
    let words: Vec<_> = std::env::args_os().collect();
    if let Some(health) = healthcheck::asked(name, info.ops_port(), &words) {
        return health;
    }
    let (process, config) = match configuration::<C>(name, words) {
        Ok(both) => both,
        Err(refused) => return refused.tell(),
    };
    in_runtime(name, &process.telemetry.clone(), async |telemetry| {
        let mut host = Host::new(process.host_config(telemetry)?);
        let ops = listen(name, process.ops_address(info), "--ops-listen").await?;
        let address = process.address(info);
        let socket = reserve(name, address, "--listen")?;
        host.serve_ops(ops);
        let node = host.node(name, process.identity.signer(name)?);
        let stop = stop_signal()?;
        tokio::pin!(stop);
        // A service may wait for its database for long: a signal ends that too.
        let service = tokio::select! {
            service = build(config, &node) => service?,
            () = &mut stop => return Ok(()),
        };
        // It listens once it is ready: whoever calls before is refused at once, and finds another replica.
        let prepared = host.prepare(&mut stop).await;
        let Ok(true) = prepared else {
            host.stop(false).await;
            return prepared.map(|_| ());
        };
        let listener = socket
            .listen(BACKLOG)
            .map_err(|source| taken(name, address, "--listen", source))?;
        host.serve(&node, service, listener)?;
        tracing::info!(service = name, listen = %address, "serving");
        host.run(stop).await
    })
}

/// The configuration of a service's process, from flags and the environment.
pub fn configuration<C: Args>(
    name: &'static str,
    arguments: Vec<OsString>,
) -> Result<(ProcessConfig, C), Refused> {
    let command = C::augment_args(ProcessConfig::augment_args(Command::new(name)));
    let matches = arguments::parse(command.version(env!("CARGO_PKG_VERSION")), arguments)?;
    let process = ProcessConfig::from_arg_matches(&matches)?;
    let config = C::from_arg_matches(&matches)?;
    let mistakes = process.mistakes(name);
    if mistakes.is_empty() {
        Ok((process, config))
    } else {
        Err(Refused::Mistakes(mistakes))
    }
}

impl ProcessConfig {
    fn host_config(&self, telemetry: Telemetry) -> Result<HostConfig, StartError> {
        let bus = self.bus.bus();
        let mut config = HostConfig::new(telemetry, bus);
        config.mesh = self.mesh.mesh();
        config.issuer = self.identity.issuer();
        self.server.limit(&mut config);
        Ok(config)
    }
}

impl BusConfig {
    /// The bus: NATS JetStream if there is a URL, else in this process alone.
    pub fn bus(&self) -> Bus {
        match &self.nats_url {
            Some(url) => Bus::jetstream(JetStreamConfig {
                replicas: self.nats_replicas.into(),
                makes_streams: self.nats_make_streams,
                ..JetStreamConfig::new(url.clone())
            }),
            None => Bus::in_process(),
        }
    }
}

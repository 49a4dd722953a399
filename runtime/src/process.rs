//! One service in a process of its own.

pub mod arguments;
mod config;

use std::ffi::OsString;
use std::fmt::Debug;
use std::process::ExitCode;

use bus::{Bus, JetStreamConfig};
use clap::{Args, Command, FromArgMatches as _};
use tokio::signal::unix::{SignalKind, signal};

use crate::host::{BACKLOG, Host, HostConfig, listen, reserve, taken};
use crate::node::Node;
use crate::service::Service;
use crate::start::StartError;
use crate::telemetry::Telemetry;
use arguments::Refused;
pub use config::{
    BusConfig, IdentityConfig, MeshConfig, ProcessConfig, ServerConfig, default_port, duration,
};

/// Runs one service until SIGTERM or SIGINT. Exit codes: 0 after a shutdown, 1 after a failure,
/// 2 for a wrong configuration, of which all mistakes are printed.
pub fn main<C, F>(name: &'static str, build: F) -> ExitCode
where
    C: Args + Debug,
    F: AsyncFnOnce(C, &Node) -> Result<Service, StartError>,
{
    let (process, config) = match configuration::<C>(name, std::env::args_os().collect()) {
        Ok(both) => both,
        Err(refused) => return refused.tell(),
    };
    in_runtime(name, &process.telemetry.clone(), async |telemetry| {
        let mut host = Host::new(process.host_config(telemetry)?);
        let ops = listen(name, process.ops_address(name), "--ops-listen").await?;
        let address = process.address(name);
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
        let listener = socket
            .listen(BACKLOG)
            .map_err(|source| taken(name, address, "--listen", source))?;
        host.serve(&node, service, listener)?;
        tracing::info!(service = name, listen = %address, "serving");
        host.run(stop).await
    })
}

/// Runs the body of a process with telemetry, which is flushed also when the body fails, and
/// gives its exit code. Errors are printed.
pub fn in_runtime<F>(
    process: &'static str,
    telemetry: &crate::telemetry::TelemetryConfig,
    body: F,
) -> ExitCode
where
    F: AsyncFnOnce(Telemetry) -> Result<(), StartError>,
{
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return tell(&StartError::other(error)),
    };
    let result = runtime.block_on(async {
        let telemetry = Telemetry::install(process, telemetry)?;
        let result = body(telemetry.clone()).await;
        // Off the runtime's threads: the exporter needs them.
        let flushed = tokio::task::spawn_blocking(move || telemetry.flush());
        // The process ends anyway.
        let _ = flushed.await;
        result
    });
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => tell(&error),
    }
}

#[expect(
    clippy::print_stderr,
    reason = "also when there are no logs, the operator must see it"
)]
fn tell(error: &StartError) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::from(error.exit_code())
}

/// Completes at SIGTERM or SIGINT; a second one ends the process at once.
pub fn stop_signal() -> Result<impl Future<Output = ()>, StartError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(StartError::other)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(StartError::other)?;
    let (first, stopped) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let mut first = Some(first);
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            match first.take() {
                // Nobody waits if the process is stopping for another reason.
                Some(first) => drop(first.send(())),
                None => std::process::exit(130),
            }
        }
    });
    Ok(async move {
        // An error would mean that the task above is gone, which ends with the process.
        let _ = stopped.await;
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

//! The edge as a program: of the Tradewind mesh, or generic.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{ArgMatches, Args, Command, FromArgMatches as _};
use gateway::Gateway;
use net::StartError;
use net::listen::listen;
use net::process::arguments::Refused;
use net::process::file::Parsed;
use net::process::{file, in_runtime, schema, stop_signal};
use net::telemetry::Telemetry;
use runtime::contract::Contract;
use runtime::host::{Host, HostConfig};
use runtime::identity::Signer;
use runtime::mesh::Mesh;
use runtime::node::Node;
use runtime::process::IdentityConfig;
use runtime::services::{AUTHORITY, EDGE};
use tokio::signal::unix::{SignalKind, signal};

use crate::{generic, mesh};

mod check;
mod process;
mod reload;

pub use process::{MeshSide, Process};
use reload::Renewal;

const NAME: &str = EDGE.name;

/// What a file of configuration cannot say; the first names the file.
const OWN: &[&str] = &["config", "config-schema", "check"];

/// Everything that the program can be told.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct Arguments {
    /// What its process has.
    #[command(flatten)]
    pub process: Process,
    /// How the edge behaves.
    #[command(flatten)]
    pub edge: crate::Config,
    /// Other services than those of the mesh.
    #[command(flatten)]
    pub generic: generic::Config,
    /// Flags in a file.
    #[command(flatten)]
    pub file: FileConfig,
    /// Tradewind's services.
    #[command(flatten)]
    pub mesh: MeshSide,
}

/// The file of configuration.
#[derive(Args, Clone, Debug)]
#[group(skip)]
#[command(next_help_heading = "Configuration file")]
pub struct FileConfig {
    /// A file with these flags as YAML: `body-limit: 65536`, or `body: {limit: 65536}`, since nested
    /// keys join with `-`. A list is a flag given several times; where a flag takes NAME=VALUE, a
    /// mapping is the list of them; `true` gives a flag that takes no value. `${NAME}` in a value is
    /// that environment variable, `$$` a dollar. Paths are relative to the working directory. What
    /// the command line or the environment says goes before the file. It is read again when it has
    /// changed (--descriptor-refresh says how often it is looked at) and on SIGHUP.
    #[arg(long, env = "EDGE_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print the JSON Schema of that file, for editors and checks, and end.
    #[arg(long)]
    pub config_schema: bool,
    /// Read everything, the servers' descriptors too, say what would be served, and end without
    /// listening anywhere: with exit code 0, or 2 and what is wrong.
    #[arg(long)]
    pub check: bool,
}

/// Runs the program with these words of its command line, the name first, until SIGTERM or SIGINT.
/// `command` has [`Arguments`]. Exit codes as of [`runtime::process::main`].
pub fn run(command: &Command, words: Vec<OsString>) -> ExitCode {
    let called = Called {
        command: command.clone(),
        words,
    };
    let configured = match called.read() {
        Ok(configured) => configured,
        Err(refused) => return refused.tell(),
    };
    let file = &configured.arguments.file;
    if file.config_schema {
        return print(&format!("{:#}\n", schema::schema(command, OWN)));
    }
    if file.check {
        return check::run(&configured.arguments);
    }
    let telemetry = configured.arguments.process.telemetry.clone();
    in_runtime(NAME, &telemetry, async |telemetry| {
        serve(called, configured, telemetry).await
    })
}

/// Prints it; whoever reads may have enough of it.
fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// How the program was called, which can be read again: the file may say something else by then.
struct Called {
    command: Command,
    words: Vec<OsString>,
}

/// What a command line, the environment and the file that they name say.
struct Configured {
    matches: ArgMatches,
    arguments: Arguments,
    /// Of the file, if there is one.
    text: Option<String>,
}

impl Called {
    fn read(&self) -> Result<Configured, Refused> {
        let Parsed { matches, text } = file::parse(self.command.clone(), self.words.clone(), OWN)?;
        let arguments = Arguments::from_arg_matches(&matches)?;
        Ok(Configured {
            matches,
            arguments,
            text,
        })
    }
}

async fn serve(
    called: Called,
    configured: Configured,
    telemetry: Telemetry,
) -> Result<(), StartError> {
    // From here on it ends nothing.
    let hangup = signal(SignalKind::hangup()).map_err(StartError::other)?;
    let arguments = &configured.arguments;
    let (mut host, key) = arguments.host(telemetry)?;
    let (address, ops) = (arguments.process.listen, arguments.process.ops_listen);
    let ops = listen(NAME, ops, "--ops-listen").await?;
    let listener = listen(NAME, address, "--listen").await?;
    host.serve_ops(ops);
    let node = host.node(NAME, key);
    let (gateway, renewal) = arguments.build(&node).await?;
    reload::keep(called, configured, renewal, hangup, &node);
    let stop = stop_signal()?;
    host.add(NAME, |drain| gateway.serve(listener, drain));
    tracing::info!(service = NAME, listen = %address, "serving");
    host.run(stop).await
}

impl Arguments {
    /// In front of other services than those of the mesh.
    fn is_generic(&self) -> bool {
        !self.generic.servers.upstream.is_empty()
    }

    /// Whether users are known by svc-auth: those of the mesh, and others where nobody else knows them.
    fn asks_mesh(&self) -> Result<bool, StartError> {
        let (mesh, is_generic) = (&self.mesh, self.is_generic());
        let has_issuers = !self.generic.jwt.is_empty();
        if has_issuers && !is_generic {
            return Err(StartError::config(
                "--jwt-issuer is for servers that --upstream names; the mesh has its own tokens",
            ));
        }
        if has_issuers && mesh.identity.workload_key_file.is_some() {
            return Err(StartError::config(
                "--jwt-issuer and --workload-key-file: tokens that count are those of issuers, or those \
                 of svc-auth",
            ));
        }
        // Those of svc-auth are the only other ones that count.
        let is_authenticated = self.generic.access == generic::Access::Authenticated;
        Ok(!is_generic || is_authenticated && !has_issuers)
    }

    /// A host for the edge, and the edge's key if it needs one.
    fn host(&self, telemetry: Telemetry) -> Result<(Host, Option<Signer>), StartError> {
        let (mesh, is_generic) = (&self.mesh, self.is_generic());
        let asks_mesh = self.asks_mesh()?;
        if !is_generic {
            mesh.bus.reaches_others()?;
        }
        let mut config = HostConfig::new(telemetry, mesh.bus.bus());
        config.issuer = mesh.identity.issuer();
        self.process.drain.set(&mut config);
        config.endpoints = self.process.endpoints;
        if !asks_mesh {
            config.contract = Contract::nothing;
        }
        config.mesh = match (is_generic, asks_mesh) {
            (false, _) => mesh.services.mesh(),
            (true, false) => Mesh::default(),
            (true, true) => mesh.services.mesh_of(&[AUTHORITY]),
        };
        let key = match asks_mesh {
            false => None,
            true => key(&mesh.identity, &self.generic)?,
        };
        Ok((Host::new(config), key))
    }

    async fn build(&self, node: &Node) -> Result<(Arc<Gateway>, Renewal), StartError> {
        let (generic, edge) = (self.generic.clone(), self.edge.clone());
        if !self.is_generic() {
            let issuers = self.mesh.issuers.clone();
            let (gateway, renewal) = mesh::renewable(edge, issuers, node)?;
            return Ok((gateway, Renewal::Mesh(renewal)));
        }
        let (gateway, renewal) = generic::renewable(generic, edge, node).await?;
        Ok((gateway, Renewal::Others(renewal)))
    }
}

/// What the edge proves itself by to svc-auth.
fn key(identity: &IdentityConfig, generic: &generic::Config) -> Result<Option<Signer>, StartError> {
    let is_missing = identity.workload_key_file.is_none();
    if is_missing && !generic.servers.upstream.is_empty() {
        return Err(StartError::config(
            "--access authenticated: whose tokens? Name their issuer (--jwt-issuer), or, for those of \
             svc-auth, this workload's key (--workload-key-file)",
        ));
    }
    identity.signer(NAME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Program {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        <Program as clap::Parser>::try_parse_from(line.split(' ')).map(|program| program.arguments)
    }

    #[test]
    fn no_two_flags_have_the_same_name() {
        <Program as clap::CommandFactory>::command().debug_assert();
        let mesh = parse("edge --cors-origins https://a.example,https://b.example").unwrap();
        assert_eq!(mesh.edge.settings.web.cors_origins.len(), 2);
        let generic = "edge --descriptor-set x --upstream a.B=http://a:1 --upstream a.C=http://a:2";
        assert_eq!(parse(generic).unwrap().generic.servers.upstream.len(), 2);
        assert!(parse("edge --descriptor-set x").is_err());
        let reflected = parse("edge --upstream http://a:1").unwrap().generic.servers;
        assert!(reflected.descriptor_set.is_empty());
    }
}

//! The edge as a program: of the Tradewind mesh, or generic.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Command, FromArgMatches as _};
use net::StartError;
use net::listen::listen;
use net::process::arguments::Refused;
use net::process::{file, in_runtime, schema, stop_signal};
use net::telemetry::Telemetry;
use runtime::host::{Host, HostConfig};
use runtime::identity::Signer;
use runtime::mesh::Mesh;
use runtime::process::ProcessConfig;
use runtime::services::{AUTHORITY, EDGE};

use crate::generic;

const NAME: &str = EDGE.name;

/// What a file of configuration cannot say; the first names the file.
const OWN: &[&str] = &["config", "config-schema"];

/// Everything that the program can be told.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct Arguments {
    /// What every process has.
    #[command(flatten)]
    pub process: ProcessConfig,
    /// How the edge behaves.
    #[command(flatten)]
    pub edge: crate::Config,
    /// Other services than those of the mesh.
    #[command(flatten)]
    pub generic: generic::Config,
    /// Flags in a file.
    #[command(flatten)]
    pub file: FileConfig,
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
    /// the command line or the environment says goes before the file.
    #[arg(long, env = "EDGE_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print the JSON Schema of that file, for editors and checks, and end.
    #[arg(long)]
    pub config_schema: bool,
}

/// Runs the program with these words of its command line, the name first, until SIGTERM or SIGINT.
/// `command` has [`Arguments`]. Exit codes as of [`runtime::process::main`].
pub fn run(command: &Command, words: Vec<OsString>) -> ExitCode {
    match Arguments::read(command, words) {
        Ok(arguments) if arguments.file.config_schema => {
            print(&format!("{:#}\n", schema::schema(command, OWN)))
        }
        Ok(arguments) => arguments.run(),
        Err(refused) => refused.tell(),
    }
}

/// Prints it; whoever reads may have enough of it.
fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

impl Arguments {
    /// From a command line, the environment and the file that they name.
    fn read(command: &Command, words: Vec<OsString>) -> Result<Self, Refused> {
        let matches = file::parse(command.clone(), words, OWN)?;
        Ok(Self::from_arg_matches(&matches)?)
    }

    fn run(self) -> ExitCode {
        let telemetry = self.process.telemetry.clone();
        in_runtime(NAME, &telemetry, async |telemetry| {
            self.serve(telemetry).await
        })
    }

    async fn serve(self, telemetry: Telemetry) -> Result<(), StartError> {
        let Self {
            file: _,
            process,
            edge,
            generic,
        } = self;
        let is_generic = !generic.servers.upstream.is_empty();
        let has_issuers = !generic.jwt.is_empty();
        if has_issuers && !is_generic {
            return Err(StartError::config(
                "--jwt-issuer is for servers that --upstream names; the mesh has its own tokens",
            ));
        }
        if has_issuers && process.identity.workload_key_file.is_some() {
            return Err(StartError::config(
                "--jwt-issuer and --workload-key-file: tokens that count are those of issuers, or those \
                 of svc-auth",
            ));
        }
        // Those of svc-auth are the only other ones that count.
        let asks_mesh =
            !is_generic || generic.access == generic::Access::Authenticated && !has_issuers;
        if !is_generic {
            process.bus.reaches_others()?;
        }
        let mut config = HostConfig::new(telemetry, process.bus.bus());
        config.issuer = process.identity.issuer();
        process.server.limit(&mut config);
        config.mesh = match (is_generic, asks_mesh) {
            (false, _) => process.mesh.mesh(),
            (true, false) => Mesh::default(),
            (true, true) => process.mesh.mesh_of(&[AUTHORITY]),
        };
        let key = match asks_mesh {
            false => None,
            true => key(&process, &generic)?,
        };

        let mut host = Host::new(config);
        let (address, ops) = (process.address(&EDGE), process.ops_address(&EDGE));
        let ops = listen(NAME, ops, "--ops-listen").await?;
        let listener = listen(NAME, address, "--listen").await?;
        host.serve_ops(ops);
        let node = host.node(NAME, key);
        let gateway = match is_generic {
            true => generic::build(generic, edge, &node).await?,
            false => crate::mesh::build(edge, &node).await?,
        };
        host.add(NAME, |drain| gateway.serve(listener, drain));
        tracing::info!(service = NAME, listen = %address, "serving");
        host.run(stop_signal()?).await
    }
}

/// What the edge proves itself by to svc-auth.
fn key(process: &ProcessConfig, generic: &generic::Config) -> Result<Option<Signer>, StartError> {
    let is_missing = process.identity.workload_key_file.is_none();
    if is_missing && !generic.servers.upstream.is_empty() {
        return Err(StartError::config(
            "--access authenticated: whose tokens? Name their issuer (--jwt-issuer), or, for those of \
             svc-auth, this workload's key (--workload-key-file)",
        ));
    }
    process.identity.signer(NAME)
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

//! The edge as a program: of the Tradewind mesh, or generic.

use std::process::ExitCode;

use clap::Args;
use net::StartError;
use net::listen::listen;
use net::process::{in_runtime, stop_signal};
use net::telemetry::Telemetry;
use runtime::host::{Host, HostConfig};
use runtime::mesh::Mesh;
use runtime::process::ProcessConfig;
use runtime::services::{AUTHORITY, EDGE};

use crate::generic;

const NAME: &str = EDGE.name;

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
}

impl Arguments {
    /// Runs until SIGTERM or SIGINT. Exit codes as of [`runtime::process::main`].
    pub fn run(self) -> ExitCode {
        let telemetry = self.process.telemetry.clone();
        in_runtime(NAME, &telemetry, async |telemetry| {
            self.serve(telemetry).await
        })
    }

    async fn serve(self, telemetry: Telemetry) -> Result<(), StartError> {
        let Self {
            process,
            edge,
            generic,
        } = self;
        let is_generic = !generic.servers.upstream.is_empty();
        if !is_generic {
            process.bus.reaches_others()?;
        }
        let mut config = HostConfig::new(telemetry, process.bus.bus());
        config.issuer = process.identity.issuer();
        process.server.limit(&mut config);
        config.mesh = match (is_generic, generic.access) {
            (false, _) => process.mesh.mesh(),
            (true, generic::Access::Public) => Mesh::default(),
            (true, generic::Access::Authenticated) => process.mesh.mesh_of(&[AUTHORITY]),
        };
        let needs_no_key = is_generic && generic.access == generic::Access::Public;
        let key = match needs_no_key {
            true => None,
            false => process.identity.signer(NAME)?,
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

//! What the process of an edge has, whatever it stands in front of, and what only the mesh is to it.

use std::net::{Ipv4Addr, SocketAddr};

use clap::{ArgMatches, Args, Command, FromArgMatches};
use net::client::EndpointConfig;
use net::telemetry::TelemetryConfig;
use runtime::process::{BusConfig, DrainConfig, IdentityConfig, MeshConfig};
use runtime::services::EDGE;

use crate::issuers::TrustedIssuers;

/// What `--help` says above the flags of [`MeshSide`].
const HEADING: &str =
    "In front of Tradewind's services (without --upstream), or for the tokens of svc-auth";

/// What the process has.
#[derive(Args, Clone, Debug)]
#[group(skip)]
pub struct Process {
    /// Where clients are served, in every protocol.
    #[arg(long, env = "LISTEN", value_name = "ADDRESS", default_value_t = everywhere(EDGE.port))]
    pub listen: SocketAddr,
    /// Where health and metrics are served.
    #[arg(long, env = "OPS_LISTEN", value_name = "ADDRESS",
        default_value_t = everywhere(EDGE.ops_port()))]
    pub ops_listen: SocketAddr,
    /// Logs and traces.
    #[command(flatten)]
    pub telemetry: TelemetryConfig,
    /// How it stops.
    #[command(flatten)]
    pub drain: DrainConfig,
    /// How it calls others.
    #[command(flatten)]
    pub endpoints: EndpointConfig,
}

fn everywhere(port: u16) -> SocketAddr {
    (Ipv4Addr::UNSPECIFIED, port).into()
}

/// What an edge in front of the mesh has, as any process of it. In front of other services, users of
/// svc-auth need it too.
#[derive(Clone, Debug)]
pub struct MeshSide {
    /// Where the services are.
    pub services: MeshConfig,
    /// Tokens.
    pub identity: IdentityConfig,
    /// Events.
    pub bus: BusConfig,
    /// Whose tokens it takes beside those of svc-auth.
    pub issuers: TrustedIssuers,
}

impl Args for MeshSide {
    fn augment_args(command: Command) -> Command {
        let flags = MeshConfig::augment_args(Command::new("mesh"));
        let flags = BusConfig::augment_args(IdentityConfig::augment_args(flags));
        let flags = TrustedIssuers::augment_args(flags);
        let flags = flags.get_arguments().cloned();
        command.args(flags.map(|flag| flag.help_heading(HEADING)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for MeshSide {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self {
            services: MeshConfig::from_arg_matches(matches)?,
            identity: IdentityConfig::from_arg_matches(matches)?,
            bus: BusConfig::from_arg_matches(matches)?,
            issuers: TrustedIssuers::from_arg_matches(matches)?,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

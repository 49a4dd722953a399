//! The flags of `tradewind up`.

use std::{
    ffi::OsString,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use clap::{Args, Command, FromArgMatches as _};
use net::{
    process::arguments::{self, Refused},
    telemetry::TelemetryConfig,
};
use runtime::process::{BusConfig, ServerConfig, default_port};

/// Starts the edge and every service in this process. Every service also reads the environment
/// variables of its own binary, such as ACCESS_TOKEN_LIFETIME or RESERVATION_SECONDS.
#[derive(Args, Clone, Debug)]
pub(crate) struct Arguments {
    /// Folder for databases and keys
    #[arg(long, env = "DATA_DIR", default_value = ".tradewind")]
    pub(crate) data_dir: PathBuf,
    /// Postgres server to keep a database for each service on, such as
    /// postgres://user:password@localhost; without it they are SQLite files in the data folder
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// Put in front of the databases' names on that server
    #[arg(
        long,
        env = "DATABASE_PREFIX",
        default_value = "",
        value_name = "PREFIX"
    )]
    pub(crate) database_prefix: String,
    /// Redis for caches and limits, such as redis://localhost; without it they are in this process
    #[arg(long, env = "REDIS_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) redis_url: Option<String>,
    /// Events.
    #[command(flatten)]
    pub(crate) bus: BusConfig,
    /// E-mail address of the first administrator [default: admin@tradewind.localhost]
    #[arg(long, env = "ADMIN_EMAIL")]
    pub(crate) admin_email: Option<String>,
    /// Password of the first administrator [default: chosen by a link that is printed]
    #[arg(
        long,
        env = "ADMIN_PASSWORD",
        hide_env_values = true,
        requires = "admin_email"
    )]
    pub(crate) admin_password: Option<String>,
    /// Ports.
    #[command(flatten)]
    pub(crate) ports: Ports,
    /// Logs and traces.
    #[command(flatten)]
    pub(crate) telemetry: TelemetryConfig,
    /// Limits and shutdown.
    #[command(flatten)]
    pub(crate) server: ServerConfig,
    /// The edge.
    #[command(flatten)]
    pub(crate) edge: edge::Settings,
}

/// Where everything listens.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Ports")]
pub(crate) struct Ports {
    /// Address that everything listens on
    #[arg(long, default_value = "127.0.0.1", value_name = "IP")]
    host: IpAddr,
    /// Port of the edge: REST
    #[arg(long, default_value_t = default_port("edge"), value_name = "PORT")]
    edge_port: u16,
    /// Port of health and metrics
    #[arg(long, default_value_t = default_port("edge") + 1000, value_name = "PORT")]
    ops_port: u16,
    /// Port of svc-users: gRPC
    #[arg(long, default_value_t = default_port("svc-users"), value_name = "PORT")]
    users_port: u16,
    /// Port of svc-auth
    #[arg(long, default_value_t = default_port("svc-auth"), value_name = "PORT")]
    auth_port: u16,
    /// Port of svc-catalog
    #[arg(long, default_value_t = default_port("svc-catalog"), value_name = "PORT")]
    catalog_port: u16,
    /// Port of svc-orders
    #[arg(long, default_value_t = default_port("svc-orders"), value_name = "PORT")]
    orders_port: u16,
    /// Port of svc-inventory
    #[arg(long, default_value_t = default_port("svc-inventory"), value_name = "PORT")]
    inventory_port: u16,
    /// Port of svc-shipping
    #[arg(long, default_value_t = default_port("svc-shipping"), value_name = "PORT")]
    shipping_port: u16,
}

impl Arguments {
    /// Reads them from the words of a command line and from the environment; all mistakes at once.
    pub(super) fn read(words: Vec<OsString>) -> Result<Arguments, Refused> {
        let command =
            Arguments::augment_args(Command::new("tradewind up").bin_name("tradewind up"));
        let matches = arguments::parse(command, words)?;
        Ok(Arguments::from_arg_matches(&matches)?)
    }

    pub(super) fn edge(&self) -> SocketAddr {
        (self.ports.host, self.ports.edge_port).into()
    }

    pub(super) fn ops(&self) -> SocketAddr {
        (self.ports.host, self.ports.ops_port).into()
    }

    /// Where a service listens.
    pub(super) fn service(&self, name: &str) -> SocketAddr {
        let ports = &self.ports;
        let port = match name {
            "svc-users" => ports.users_port,
            "svc-auth" => ports.auth_port,
            "svc-catalog" => ports.catalog_port,
            "svc-orders" => ports.orders_port,
            "svc-inventory" => ports.inventory_port,
            "svc-shipping" => ports.shipping_port,
            other => unreachable!("no service is called {other}"),
        };
        (ports.host, port).into()
    }
}

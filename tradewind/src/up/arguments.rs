//! The flags of `tradewind up`.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, Command, FromArgMatches as _};
use net::{
    SecretUrl,
    process::arguments::{self, Refused},
    telemetry::TelemetryConfig,
};
use runtime::process::{BusConfig, ServerConfig};
use secrecy::SecretString;

use super::ports::Ports;

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
    pub(crate) database_url: Option<SecretUrl>,
    /// Put in front of the databases' names on that server
    #[arg(
        long,
        env = "DATABASE_PREFIX",
        default_value = "",
        value_name = "PREFIX"
    )]
    pub(crate) database_prefix: String,
    /// Redis for caches and limits, such as redis://localhost; without it they are in this process
    #[arg(long, env = "REDIS_URL", hide_env_values = true, value_name = "URL",
        value_parser = edge::config::redis_url)]
    pub(crate) redis_url: Option<SecretUrl>,
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
    pub(crate) admin_password: Option<SecretString>,
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
    /// Whose tokens are taken beside our own.
    #[command(flatten)]
    pub(crate) trusted_issuers: edge::TrustedIssuers,
}

impl Arguments {
    /// Reads them from the words of a command line and from the environment; all mistakes at once.
    pub(super) fn read(words: Vec<OsString>) -> Result<Arguments, Refused> {
        let command =
            Arguments::augment_args(Command::new("tradewind up").bin_name("tradewind up"));
        let matches = arguments::parse(command, words)?;
        Ok(Arguments::from_arg_matches(&matches)?)
    }
}

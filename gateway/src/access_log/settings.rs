//! What can be set about the access log.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What is written of each request, and where.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[group(skip)]
#[command(next_help_heading = "Access log")]
pub struct AccessLog {
    /// Write a line of every request when its reply has ended, a stream's too. Values of `ticket`,
    /// `access_token` and their like in queries are masked.
    #[arg(
        long,
        env = "EDGE_ACCESS_LOG",
        value_name = "FORMAT",
        default_value = "off"
    )]
    pub access_log: Format,
    /// The file that the lines go to, rather than standard output. When it was moved, a new one is
    /// begun within a second.
    #[arg(long, env = "EDGE_ACCESS_LOG_FILE", value_name = "FILE")]
    pub access_log_file: Option<PathBuf>,
}

impl AccessLog {
    /// Whether there is one.
    pub(crate) fn is_on(&self) -> bool {
        self.access_log != Format::Off
    }
}

/// How a line looks.
#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// There is none.
    #[default]
    Off,
    /// As Apache and NGINX call it: host, user, time, request, status, bytes, referer, user agent.
    Combined,
    /// A JSON object with all that is known.
    Json,
}

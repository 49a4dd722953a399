//! Calls that are made once more.

use clap::Args;
use net::process::arguments::defaults;

/// How many calls may be made once more.
#[derive(Args, Clone, Copy, Debug)]
#[group(skip)]
#[command(next_help_heading = "Retries")]
pub struct Retries {
    /// Calls to an upstream that may be made once more, in per cent of all: those that were lost on the
    /// way, and those that the upstream itself wants later (`grpc-retry-pushback-ms`), if that can do no
    /// harm.
    #[arg(long, env = "EDGE_RETRY_PERCENT", value_name = "PERCENT", default_value_t = 20,
        value_parser = clap::value_parser!(u16).range(0..=1000))]
    pub retry_percent: u16,
    /// And so many a second, of each thread, however few calls there are.
    #[arg(
        long,
        env = "EDGE_RETRIES_PER_SECOND",
        value_name = "NUMBER",
        default_value_t = 10
    )]
    pub retries_per_second: u16,
}

impl Default for Retries {
    fn default() -> Self {
        defaults()
    }
}

//! Answers that are given once more.

use std::time::Duration;

use clap::Args;
use net::process::arguments::defaults;
use net::process::duration;

/// What is told while an upstream does not answer.
#[derive(Args, Clone, Copy, Debug)]
#[group(skip)]
#[command(next_help_heading = "Upstreams that do not answer")]
pub struct Stale {
    /// How old the last good answer to a GET may be that is given, and marked as stale, instead of an
    /// error because an upstream does not answer: where the contract lets anybody keep the reply, and to
    /// nobody's question alone. 0s: never.
    #[arg(long, env = "EDGE_STALE_IF_ERROR", value_name = "DURATION", default_value = "1h",
        value_parser = duration)]
    pub stale_if_error: Duration,
    /// Bytes of such answers that are kept; those that are asked for rarely go first.
    #[arg(
        long,
        env = "EDGE_STALE_MEMORY",
        value_name = "BYTES",
        default_value_t = 16 << 20
    )]
    pub stale_memory: usize,
}

impl Default for Stale {
    fn default() -> Self {
        defaults()
    }
}

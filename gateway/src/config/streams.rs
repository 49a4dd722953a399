//! Open streams.

use clap::Args;
use net::process::arguments::defaults;

/// Bounds of streams: calls with a stream in either direction, counted for as long as they are open.
#[derive(Args, Clone, Debug)]
#[group(skip)]
#[command(next_help_heading = "Open streams")]
pub struct Streams {
    /// Most open streams of one user: 429 beyond.
    #[arg(long, env = "EDGE_STREAMS_PER_USER", default_value_t = 20)]
    pub streams_per_user: usize,
    /// Most open streams of one client address (for IPv6, of one /64 network): 429 beyond.
    #[arg(long, env = "EDGE_STREAMS_PER_ADDRESS", default_value_t = 200)]
    pub streams_per_address: usize,
}

impl Default for Streams {
    fn default() -> Self {
        defaults()
    }
}

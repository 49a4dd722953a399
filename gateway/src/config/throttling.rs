//! Calls that are not made.

use clap::Args;
use net::process::arguments::defaults;

/// What is spared a server that has no time.
#[derive(Args, Clone, Copy, Debug)]
#[group(skip)]
#[command(next_help_heading = "Upstreams that have no time")]
pub struct Throttling {
    /// While an upstream pushes calls back (`grpc-retry-pushback-ms`), refuse those at once that it
    /// would not take: of each method no more are sent than it took of late, and a quarter.
    #[arg(
        long,
        env = "EDGE_THROTTLE",
        value_name = "BOOL",
        default_value_t = true,
        action = clap::ArgAction::Set
    )]
    pub throttle: bool,
}

impl Default for Throttling {
    fn default() -> Self {
        defaults()
    }
}

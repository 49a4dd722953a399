//! Rate limits.

use clap::Args;
use net::process::arguments::defaults;

use crate::limits::Rate;

/// Rate limits: so many requests per so much time (`600/60s`), in bursts of up to as many; or `off`.
#[derive(Args, Clone, Debug)]
#[group(skip)]
#[command(next_help_heading = "Rate limits")]
pub struct Rates {
    /// Requests of one client address (for IPv6, of one /64 network).
    #[arg(long, env = "EDGE_ADDRESS_LIMIT", default_value_t = Rate::of(12_000, 60))]
    pub address_limit: Rate,
    /// Requests of one client address to methods that other people's machines call, such as the events
    /// of a payment provider; they do not count as its others.
    #[arg(long, env = "EDGE_MACHINE_LIMIT", default_value_t = Rate::of(1_000, 10))]
    pub machine_limit: Rate,
    /// Requests of one user.
    #[arg(long, env = "EDGE_USER_LIMIT", default_value_t = Rate::of(6_000, 60))]
    pub user_limit: Rate,
}

impl Default for Rates {
    fn default() -> Self {
        defaults()
    }
}

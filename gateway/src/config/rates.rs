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
    /// Requests of one user.
    #[arg(long, env = "EDGE_USER_LIMIT", default_value_t = Rate::of(6_000, 60))]
    pub user_limit: Rate,
}

impl Default for Rates {
    fn default() -> Self {
        defaults()
    }
}

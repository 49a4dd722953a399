//! What is made of endpoints that fail, and of new ones.

use std::time::Duration;

use clap::Args;

use crate::process::arguments::defaults;
use crate::process::duration;

/// What is made of endpoints that fail, and of new ones.
#[derive(Args, Clone, Copy, Debug, PartialEq, Eq)]
#[group(skip)]
#[command(next_help_heading = "Endpoints of other services")]
pub struct EndpointConfig {
    /// Failures in a row (UNAVAILABLE, or no reply) after which an endpoint gets no calls for 5 s at
    /// first, and up to 60 s if it goes on, while at least half of the endpoints do; 0: never
    #[arg(
        long,
        env = "ENDPOINT_EJECTION",
        value_name = "NUMBER",
        default_value_t = 5
    )]
    pub endpoint_ejection: u32,
    /// Calls in a row without any reply after which an endpoint is called by nobody but, after pauses
    /// of 500 ms to 10 s, by one call that tries it; 0: never
    #[arg(
        long,
        env = "ENDPOINT_BREAKER",
        value_name = "NUMBER",
        default_value_t = 5
    )]
    pub endpoint_breaker: u32,
    /// Time in which the share of calls of an endpoint grows that is new or was out; 0s: at once
    #[arg(long, env = "ENDPOINT_SLOW_START", value_name = "DURATION", default_value = "10s",
        value_parser = duration)]
    pub endpoint_slow_start: Duration,
}

impl Default for EndpointConfig {
    fn default() -> EndpointConfig {
        defaults()
    }
}

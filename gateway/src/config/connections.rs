//! Connections.

use std::time::Duration;

use clap::Args;
use net::process::arguments::defaults;
use net::process::duration;

/// Bounds of connections.
#[derive(Args, Clone, Debug)]
#[group(skip)]
#[command(next_help_heading = "Connections")]
pub struct Connections {
    /// Most open connections; further ones wait in the listen queue of the kernel.
    #[arg(long, env = "EDGE_MAX_CONNECTIONS", default_value_t = 10_000)]
    pub max_connections: usize,
    /// Most open connections of one client address (for IPv6, of one /64 network); further ones are
    /// closed at once. Trusted proxies may have any number.
    #[arg(
        long,
        env = "EDGE_MAX_CONNECTIONS_PER_ADDRESS",
        default_value_t = 2_000
    )]
    pub max_connections_per_address: usize,
    /// Threads that serve connections; one per core if it is 0.
    #[arg(long, env = "EDGE_THREADS", default_value_t = 0)]
    pub edge_threads: usize,
    /// Time for the headers of a request to arrive; also how long a connection may have nothing to do.
    #[arg(long, env = "EDGE_HEADER_TIMEOUT", value_name = "DURATION", default_value = "30s",
        value_parser = duration)]
    pub header_timeout: Duration,
    /// Time for a client to take the next 16 KiB of a reply; a reply or stream that nobody reads for so
    /// long is given up.
    #[arg(long, env = "EDGE_SEND_TIMEOUT", value_name = "DURATION", default_value = "30s",
        value_parser = duration)]
    pub send_timeout: Duration,
    /// Most bytes of a request's headers: 431 beyond.
    #[arg(long, env = "EDGE_MAX_HEADER_BYTES", default_value_t = 32 << 10)]
    pub max_header_bytes: u32,
    /// Most headers of a request: 431 beyond.
    #[arg(long, env = "EDGE_MAX_HEADERS", default_value_t = 100)]
    pub max_headers: usize,
    /// Most requests at the same time on one HTTP/2 connection.
    #[arg(long, env = "EDGE_MAX_STREAMS", default_value_t = 200)]
    pub max_streams: u32,
}

impl Default for Connections {
    fn default() -> Self {
        defaults()
    }
}

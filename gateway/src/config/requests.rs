//! Requests.

use std::time::Duration;

use clap::Args;
use net::process::arguments::defaults;
use net::process::duration;

const PATIENCE: Duration = Duration::from_secs(15);

/// Bounds of requests.
#[derive(Args, Clone, Debug)]
#[group(skip)]
#[command(next_help_heading = "Requests")]
pub struct Requests {
    /// Most bytes of a request's body: 413 beyond.
    #[arg(long, env = "EDGE_BODY_LIMIT", default_value_t = 1 << 20)]
    pub body_limit: usize,
    /// Most bytes of a reply's message.
    #[arg(long, env = "EDGE_REPLY_LIMIT", default_value_t = 16 << 20)]
    pub reply_limit: usize,
    /// Time after which a request that was not answered gets 504; `0s` is none. A client may ask for
    /// less with the header `request-timeout` (seconds) or `grpc-timeout`. By default there is none in
    /// front of other services, and 15 s in front of Tradewind's.
    #[arg(long, env = "EDGE_REQUEST_TIMEOUT", value_name = "DURATION", value_parser = duration)]
    pub request_timeout: Option<Duration>,
    /// Most bytes of bodies that are held at the same time while they are being read, unpacking
    /// included: 503 beyond.
    #[arg(long, env = "EDGE_BODY_MEMORY", value_name = "BYTES", default_value_t = 64 << 20)]
    pub body_memory: usize,
    /// The same of one client address (for IPv6, of one /64 network).
    #[arg(
        long,
        env = "EDGE_BODY_MEMORY_PER_ADDRESS",
        value_name = "BYTES",
        default_value_t = 8 << 20
    )]
    pub body_memory_per_address: usize,
    /// Least bytes per second of a body, or of a message in a stream, that has begun: 408 below.
    /// Between messages a stream may be silent.
    #[arg(
        long,
        env = "EDGE_BODY_SPEED",
        value_name = "BYTES",
        default_value_t = 240
    )]
    pub body_speed: u32,
    /// Pause that a body may always make, however fast it came before.
    #[arg(long, env = "EDGE_BODY_PAUSE", value_name = "DURATION", default_value = "10s",
        value_parser = duration)]
    pub body_pause: Duration,
    /// Time between signs of life on a stream that has nothing to say.
    #[arg(long, env = "EDGE_HEARTBEAT", value_name = "DURATION", default_value = "15s",
        value_parser = duration)]
    pub heartbeat: Duration,
}

impl Default for Requests {
    fn default() -> Self {
        defaults()
    }
}

impl Requests {
    /// How long a request may take, if there is an end to it.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.request_timeout.filter(|timeout| !timeout.is_zero())
    }

    /// How long requests get that end without being answered.
    pub(crate) fn patience(&self) -> Duration {
        self.timeout().unwrap_or(PATIENCE)
    }
}

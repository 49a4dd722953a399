//! The configuration that every process has, one struct per concern.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use net::SecretUrl;
use net::client::EndpointConfig;
use net::process::arguments::defaults;
use net::process::duration;
use net::start::StartError;
use net::telemetry::TelemetryConfig;

use crate::host::HostConfig;
use crate::identity::{Issuer, Signer};
use crate::server::{DEFAULT_DEADLINE, ServerLimits};
use crate::services::{AUTHORITY, ServiceInfo};

use super::mesh::MeshConfig;

/// What every process is configured with.
#[derive(Args, Clone, Debug)]
pub struct ProcessConfig {
    /// Where gRPC is served; by default the service's port on all addresses
    #[arg(long, env = "LISTEN", value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Where health and metrics are served; by default the service's port plus 1000
    #[arg(long, env = "OPS_LISTEN", value_name = "ADDRESS")]
    pub ops_listen: Option<SocketAddr>,
    /// Logs and traces.
    #[command(flatten)]
    pub telemetry: TelemetryConfig,
    /// Where the other services are.
    #[command(flatten)]
    pub mesh: MeshConfig,
    /// Tokens.
    #[command(flatten)]
    pub identity: IdentityConfig,
    /// Events.
    #[command(flatten)]
    pub bus: BusConfig,
    /// Limits and shutdown.
    #[command(flatten)]
    pub server: ServerConfig,
}

impl ProcessConfig {
    /// Where a process of the mesh serves gRPC.
    pub fn address(&self, process: &ServiceInfo) -> SocketAddr {
        self.listen
            .unwrap_or((Ipv4Addr::UNSPECIFIED, process.port).into())
    }

    /// Where it serves health and metrics.
    pub fn ops_address(&self, process: &ServiceInfo) -> SocketAddr {
        self.ops_listen
            .unwrap_or((Ipv4Addr::UNSPECIFIED, process.ops_port()).into())
    }

    /// What is wrong beyond single values.
    pub(super) fn mistakes(&self, name: &'static str) -> Vec<String> {
        let mut mistakes = Vec::new();
        for checked in [
            self.identity.signer(name).map(drop),
            self.bus.reaches_others(),
        ] {
            match checked {
                Ok(()) => {}
                Err(StartError::Config(more)) => mistakes.extend(more),
                Err(other) => mistakes.push(other.to_string()),
            }
        }
        mistakes
    }
}

/// Whose tokens count, and how this workload proves itself.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Identity")]
pub struct IdentityConfig {
    /// Issuer of tokens (`iss`)
    #[arg(
        long,
        env = "TOKEN_ISSUER",
        value_name = "NAME",
        default_value = "tradewind"
    )]
    pub token_issuer: String,
    /// Audience of tokens (`aud`)
    #[arg(
        long,
        env = "TOKEN_AUDIENCE",
        value_name = "NAME",
        default_value = "tradewind"
    )]
    pub token_audience: String,
    /// File with this workload's private Ed25519 key (PEM, PKCS #8), whose public half svc-auth
    /// is configured with; svc-auth itself needs none
    #[arg(long, env = "WORKLOAD_KEY_FILE", value_name = "FILE")]
    pub workload_key_file: Option<PathBuf>,
}

impl IdentityConfig {
    /// Whose tokens count.
    pub fn issuer(&self) -> Issuer {
        Issuer {
            name: self.token_issuer.as_str().into(),
            audience: self.token_audience.as_str().into(),
        }
    }

    /// The workload's key; its id is the workload's name. svc-auth has none, others must.
    pub fn signer(&self, name: &str) -> Result<Option<Signer>, StartError> {
        let Some(path) = &self.workload_key_file else {
            if name == AUTHORITY {
                return Ok(None);
            }
            return Err(StartError::config(
                "--workload-key-file (WORKLOAD_KEY_FILE) is missing",
            ));
        };
        let wrong = |why: String| {
            let path = path.display();
            StartError::config(format!(
                "--workload-key-file (WORKLOAD_KEY_FILE) {path}: {why}"
            ))
        };
        let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
        Signer::from_pem(name, &pem)
            .map(Some)
            .map_err(|error| wrong(error.to_string()))
    }
}

/// The event bus.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Events")]
pub struct BusConfig {
    /// NATS with JetStream, such as nats://127.0.0.1:4222; without it events stay in the process,
    /// which is enough for `tradewind up` alone
    #[arg(long, env = "NATS_URL", value_name = "URL", hide_env_values = true)]
    pub nats_url: Option<SecretUrl>,
    /// How many servers of a NATS cluster keep each stream, 1 to 5; the same for all processes
    #[arg(long, env = "NATS_REPLICAS", value_name = "NUMBER", default_value_t = 1,
        value_parser = clap::value_parser!(u8).range(1..=5))]
    pub nats_replicas: u8,
    /// Make the streams when they are first needed; `false` where the URL's user may not: then
    /// `tradewind streams` makes them
    #[arg(long, env = "NATS_MAKE_STREAMS", value_name = "BOOL", default_value_t = true,
        action = clap::ArgAction::Set)]
    pub nats_make_streams: bool,
}

impl BusConfig {
    /// Refuses a bus within the process: events would be settled there that other processes wait
    /// for, and sessions that ended elsewhere would not be heard of.
    ///
    /// # Errors
    /// With what to do.
    pub fn reaches_others(&self) -> Result<(), StartError> {
        match self.nats_url {
            Some(_) => Ok(()),
            None => Err(StartError::config(
                "--nats-url (NATS_URL) is missing: the services' processes share their events over \
                 NATS with JetStream; without one, `tradewind up` runs all of them in one process",
            )),
        }
    }
}

/// What servers bear.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Server")]
pub struct ServerConfig {
    /// Calls at once; more are refused, the least important first
    #[arg(
        long,
        env = "MAX_CONCURRENT_CALLS",
        value_name = "NUMBER",
        default_value_t = 1024
    )]
    pub max_concurrent_calls: usize,
    /// How long work may wait for a thread or for a connection to the database, on average of a tenth
    /// of a second, before fewer calls may be under way at once, and the least important are refused
    /// first; 0s: for any time
    #[arg(long, env = "QUEUE_TARGET", value_name = "DURATION", default_value = "50ms",
        value_parser = duration)]
    pub queue_target: Duration,
    /// Refuse a call at once that has less time left than the fastest calls of its method took in the
    /// last seconds
    #[arg(
        long,
        env = "REFUSE_LATE",
        value_name = "BOOL",
        default_value_t = true,
        action = clap::ArgAction::Set
    )]
    pub refuse_late: bool,
    /// Streams open at once, apart from the calls; more are refused
    #[arg(
        long,
        env = "MAX_CONCURRENT_STREAMS",
        value_name = "NUMBER",
        default_value_t = 10_000
    )]
    pub max_concurrent_streams: usize,
    /// Streams of one user; through each replica of the edge it may have as many as the edge allows
    #[arg(
        long,
        env = "MAX_STREAMS_PER_USER",
        value_name = "NUMBER",
        default_value_t = 100
    )]
    pub max_streams_per_user: usize,
    /// Streams of one address (of IPv6, one /64 network) whose callers have no token, such as those
    /// that watch health; all of them together have a quarter of --max-concurrent-streams
    #[arg(
        long,
        env = "MAX_STREAMS_PER_ADDRESS",
        value_name = "NUMBER",
        default_value_t = 100
    )]
    pub max_streams_per_address: usize,
    /// Bytes of a request's message, where its contract does not allow less
    #[arg(long, env = "MAX_REQUEST_BYTES", value_name = "BYTES", default_value_t = 4 * 1024 * 1024)]
    pub max_request_bytes: usize,
    /// Time for a request to arrive, and for each message of a stream that has begun
    #[arg(long, env = "REQUEST_BODY_TIMEOUT", value_name = "DURATION", default_value = "10s",
        value_parser = duration)]
    pub request_body_timeout: Duration,
    /// Bytes of all requests that are on their way; callers that are no workload have half of it
    #[arg(long, env = "REQUEST_BODY_MEMORY", value_name = "BYTES", default_value_t = 64 * 1024 * 1024)]
    pub request_body_memory: usize,
    /// Bytes of those of one address (of IPv6, one /64 network) whose callers are no workload
    #[arg(long, env = "REQUEST_BODY_MEMORY_PER_ADDRESS", value_name = "BYTES",
        default_value_t = 8 * 1024 * 1024)]
    pub request_body_memory_per_address: usize,
    /// The longest deadline of a call, whatever the caller asks for, and the time for a stream to
    /// begin; streams themselves last as long as their caller wants
    #[arg(long, env = "MAX_DEADLINE", value_name = "DURATION", default_value = "60s",
        value_parser = duration)]
    pub max_deadline: Duration,
    /// Whether gRPC reflection is served; false in production
    #[arg(
        long,
        env = "REFLECTION",
        value_name = "BOOL",
        default_value_t = true,
        action = clap::ArgAction::Set
    )]
    pub reflection: bool,
    /// How they stop.
    #[command(flatten)]
    pub drain: DrainConfig,
    /// How they call others.
    #[command(flatten)]
    pub endpoints: EndpointConfig,
}

/// How a process stops.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Shutdown")]
pub struct DrainConfig {
    /// Pause between being not ready and the end of accepting, for load balancers to notice
    #[arg(long, env = "DRAIN_DELAY", value_name = "DURATION", default_value = "0s",
        value_parser = duration)]
    pub drain_delay: Duration,
    /// Time for what is under way when accepting has ended
    #[arg(long, env = "DRAIN_TIMEOUT", value_name = "DURATION", default_value = "25s",
        value_parser = duration)]
    pub drain_timeout: Duration,
}

impl DrainConfig {
    /// Sets them of a host.
    pub fn set(&self, config: &mut HostConfig) {
        config.http.drain_timeout = self.drain_timeout;
        config.drain_delay = self.drain_delay;
    }
}

impl ServerConfig {
    /// Sets the limits of a host.
    pub fn limit(&self, config: &mut HostConfig) {
        config.server = self.limits();
        config.endpoints = self.endpoints;
        self.drain.set(config);
    }

    /// What each gRPC server bears.
    pub(crate) fn limits(&self) -> ServerLimits {
        ServerLimits {
            max_concurrent_calls: self.max_concurrent_calls,
            queue_target: self.queue_target,
            refuse_late: self.refuse_late,
            max_concurrent_streams: self.max_concurrent_streams,
            max_streams_per_user: self.max_streams_per_user,
            max_streams_per_address: self.max_streams_per_address,
            max_request_bytes: self.max_request_bytes,
            request_body_timeout: self.request_body_timeout,
            request_body_memory: self.request_body_memory,
            request_body_memory_per_address: self.request_body_memory_per_address,
            default_deadline: DEFAULT_DEADLINE,
            max_deadline: self.max_deadline,
            reflection: self.reflection,
        }
    }
}

impl Default for ServerLimits {
    fn default() -> ServerLimits {
        defaults::<ServerConfig>().limits()
    }
}

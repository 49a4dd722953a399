//! What can be set, one struct per concern.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use net::SecretUrl;
use net::process::arguments::defaults;
use net::process::duration;
use transcoder::JsonChoices;

use crate::client_address::{Network, is_within};
use crate::cors::Origin;
use crate::limits::Rate;
use crate::metadata::Rule;

/// Everything that can be set about the gateway.
#[derive(Args, Clone, Debug, Default)]
#[group(skip)]
pub struct Config {
    /// All but the addresses of other systems.
    #[command(flatten)]
    pub settings: Settings,
    /// Redis that replicas of the gateway share their rate limits through; without it, each counts for
    /// itself. `redis://[user:password@]host:port[/database]`.
    #[arg(long, env = "REDIS_URL", value_name = "URL", hide_env_values = true,
        value_parser = redis_url)]
    pub redis_url: Option<SecretUrl>,
}

/// How the gateway behaves.
#[derive(Args, Clone, Debug, Default)]
#[group(skip)]
pub struct Settings {
    /// Connections.
    #[command(flatten)]
    pub connections: Connections,
    /// Requests.
    #[command(flatten)]
    pub requests: Requests,
    /// HTTP and JSON.
    #[command(flatten)]
    pub mapping: Mapping,
    /// Browsers and proxies.
    #[command(flatten)]
    pub web: Web,
    /// Headers and metadata.
    #[command(flatten)]
    pub metadata: Metadata,
    /// Rate limits.
    #[command(flatten)]
    pub rates: Rates,
    /// Open streams.
    #[command(flatten)]
    pub streams: Streams,
}

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

const PATIENCE: Duration = Duration::from_secs(15);
const UPLOAD_LIMIT: u64 = 1 << 30;

/// How HTTP and JSON become gRPC, where the contract leaves a choice.
#[derive(Args, Clone, Debug)]
#[group(skip)]
#[command(next_help_heading = "HTTP and JSON")]
pub struct Mapping {
    /// A service config in YAML (google.api.Service), whose `http.rules` are further routes beside
    /// the annotations of the contract. May be given several times; in the environment, with `,`
    /// between.
    #[arg(long, env = "EDGE_ROUTES", value_name = "FILE", value_delimiter = ',')]
    pub routes: Vec<PathBuf>,
    /// The last rule for a method takes the place of its annotation, as google/api/http.proto has
    /// it, rather than being a further route.
    #[arg(long, env = "EDGE_ROUTES_OVERRIDE", requires = "routes")]
    pub routes_override: bool,
    /// JSON of a package, service or method (or of everything, `*`): `SELECTOR:OPTION,OPTION=false`.
    /// The options are always-print-fields-without-presence (on unless turned off), use-proto-names,
    /// enums-as-ints and ignore-unknown-fields; the longest selector decides. May be given several
    /// times; in the environment, with spaces between.
    #[arg(long, env = "EDGE_JSON", value_name = "CHOICES", value_delimiter = ' ')]
    pub json: Vec<JsonChoices>,
    /// Elements of lists in queries by their index, also of lists of messages:
    /// `?items[0].sku=A&items[0].quantity=2`.
    #[arg(long, env = "EDGE_QUERY_LISTS")]
    pub query_lists: bool,
    /// Pass over query parameters that are no fields, rather than refusing them.
    #[arg(
        long,
        env = "EDGE_IGNORE_UNKNOWN_QUERY",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_name = "BOOL"
    )]
    pub ignore_unknown_query: Option<bool>,
    /// Also take bodies as `application/x-www-form-urlencoded`, by the rules of queries.
    #[arg(long, env = "EDGE_FORM_BODIES")]
    pub form_bodies: bool,
    /// Most bytes of an upload that goes upstream piece by piece (a stream of google.api.HttpBody):
    /// 413 beyond. Bodies that are taken whole have the limit of all bodies.
    #[arg(long, env = "EDGE_UPLOAD_LIMIT", default_value_t = UPLOAD_LIMIT)]
    pub upload_limit: u64,
}

/// What concerns browsers and proxies.
#[derive(Args, Clone, Debug, Default)]
#[group(skip)]
#[command(next_help_heading = "Browsers and proxies")]
pub struct Web {
    /// Origins whose pages may call the API (CORS), such as `https://shop.example.com`; `*` is any.
    #[arg(long, env = "CORS_ORIGINS", value_delimiter = ',')]
    pub cors_origins: Vec<Origin>,
    /// Proxies whose `x-forwarded-for` and `traceparent` are believed, as addresses or networks
    /// (`192.0.2.0/28`). They may have any number of connections.
    #[arg(long, env = "TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<Network>,
    /// The gateway is reached over TLS: send `strict-transport-security`.
    #[arg(long, env = "EDGE_BEHIND_TLS")]
    pub behind_tls: bool,
    /// Answer gRPC reflection, of the methods that clients may call, to anybody.
    #[arg(long, env = "EDGE_REFLECTION")]
    pub edge_reflection: bool,
    /// Leave out `/docs`, `/openapi.json` and the landing page.
    #[arg(long, env = "EDGE_HIDE_DOCS")]
    pub hide_docs: bool,
}

/// What passes between headers and metadata. Rules are `name`, `prefix-*`, and either with `=` and what
/// it becomes: `x-tenant=tenant`, `x-app-*=app-*`. Identity, cookies and what belongs to one hop are out
/// of their reach.
#[derive(Args, Clone, Debug, Default)]
#[group(skip)]
#[command(next_help_heading = "Headers and metadata")]
pub struct Metadata {
    /// Headers of requests that upstreams get as metadata, in every protocol: `x-tenant`, `x-app-*`,
    /// `x-tenant=tenant`. Values of names in -bin are base64.
    #[arg(
        long,
        env = "EDGE_REQUEST_HEADERS",
        value_name = "RULE",
        value_delimiter = ','
    )]
    pub request_header: Vec<Rule>,
    /// Metadata of replies that clients of REST get as headers, as above. Clients of gRPC, gRPC-Web and
    /// Connect get all that is theirs anyway.
    #[arg(
        long,
        env = "EDGE_REPLY_HEADERS",
        value_name = "RULE",
        value_delimiter = ','
    )]
    pub reply_header: Vec<Rule>,
}

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

impl Default for Connections {
    fn default() -> Self {
        defaults()
    }
}

impl Default for Requests {
    fn default() -> Self {
        defaults()
    }
}

impl Default for Mapping {
    fn default() -> Self {
        defaults()
    }
}

impl Default for Rates {
    fn default() -> Self {
        defaults()
    }
}

impl Default for Streams {
    fn default() -> Self {
        defaults()
    }
}

/// The address of a Redis server.
///
/// # Errors
/// When it is none.
pub fn redis_url(text: &str) -> Result<SecretUrl, String> {
    match redis::Client::open(text) {
        Ok(_) => Ok(text.into()),
        Err(_) => Err("no address of a Redis server".to_owned()),
    }
}

impl Requests {
    /// How long a request may take, if there is an end to it.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.request_timeout.filter(|timeout| !timeout.is_zero())
    }

    /// How long requests get that end without being answered, or while the gateway goes away.
    pub(crate) fn patience(&self) -> Duration {
        self.timeout().unwrap_or(PATIENCE)
    }
}

impl Web {
    /// Whether that peer's `x-forwarded-for` is believed.
    pub(crate) fn is_trusted(&self, address: IpAddr) -> bool {
        is_within(&self.trusted_proxies, address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Command {
        #[command(flatten)]
        config: Config,
    }

    #[test]
    fn the_flags_defaults_are_those_of_default() {
        let parsed = <Command as clap::Parser>::try_parse_from(["edge"])
            .unwrap()
            .config
            .settings;
        assert_eq!(format!("{parsed:?}"), format!("{:?}", Settings::default()));
    }

    #[test]
    fn a_password_of_redis_is_not_printed() {
        let url = redis_url("redis://edge:secret@cache:6379/1").unwrap();
        assert_eq!(format!("{url:?}"), "redis://cache:6379/1");
        assert!(redis_url("cache:6379").is_err());
    }
}

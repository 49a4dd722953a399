//! What can be set, one struct per concern.

use clap::Args;
use net::SecretUrl;

mod connections;
mod mapping;
mod metadata;
mod rates;
mod requests;
mod retries;
mod stale;
mod streams;
mod throttling;
mod tls;
mod web;

pub use crate::access_log::{AccessLog, Format};
pub use connections::Connections;
pub use mapping::Mapping;
pub use metadata::Metadata;
pub use rates::Rates;
pub use requests::Requests;
pub use retries::Retries;
pub use stale::Stale;
pub use streams::Streams;
pub use throttling::Throttling;
pub use tls::Tls;
pub use web::Web;

/// Everything that can be set about the gateway.
#[derive(Args, Clone, Debug, Default)]
#[group(skip)]
pub struct Config {
    /// All but files and the addresses of other systems.
    #[command(flatten)]
    pub settings: Settings,
    /// TLS with clients.
    #[command(flatten)]
    pub tls: Tls,
    /// Redis that replicas of the gateway share their rate limits through; without it, each counts for
    /// itself. `redis://[user:password@]host:port[/database]`.
    #[arg(long, help_heading = "Rate limits", env = "REDIS_URL", value_name = "URL",
        hide_env_values = true, value_parser = redis_url)]
    pub redis_url: Option<SecretUrl>,
}

impl Config {
    /// Whether clients come over TLS, to the gateway or to what stands in front of it.
    #[must_use]
    pub fn is_over_tls(&self) -> bool {
        self.tls.tls_certificate.is_some() || self.settings.web.behind_tls
    }
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
    /// Retries.
    #[command(flatten)]
    pub retries: Retries,
    /// Upstreams that have no time.
    #[command(flatten)]
    pub throttling: Throttling,
    /// Upstreams that do not answer.
    #[command(flatten)]
    pub stale: Stale,
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
    /// The access log.
    #[command(flatten)]
    pub access_log: AccessLog,
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

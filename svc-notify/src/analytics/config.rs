//! What is said of analytics at the start.

use std::time::Duration;

use net::SecretUrl;
use net::process::arguments::defaults;
use net::process::duration;
use secrecy::SecretString;

/// What is said of analytics at the start.
#[derive(clap::Args, Clone, Debug)]
pub struct AnalyticsConfig {
    /// Where all that happens is sent, as lines of JSON by POST: https, or http inside. Without it, and
    /// with an empty one, nothing is.
    #[arg(
        long,
        env = "ANALYTICS_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub analytics_url: Option<SecretUrl>,
    /// What shows the receiver who sends (RFC 6750): `Authorization: Bearer TOKEN`.
    #[arg(
        long,
        env = "ANALYTICS_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true
    )]
    pub analytics_token: Option<SecretString>,
    /// How many lines are sent at once, at the most.
    #[arg(
        long,
        env = "ANALYTICS_BATCH_SIZE",
        default_value = "500",
        value_parser = clap::value_parser!(u32).range(1..=10_000)
    )]
    pub analytics_batch_size: u32,
    /// For how long lines wait for others, at the most.
    #[arg(long, env = "ANALYTICS_WAIT", default_value = "5s", value_parser = duration)]
    pub analytics_wait: Duration,
    /// For how long one attempt may last.
    #[arg(long, env = "ANALYTICS_TIMEOUT", default_value = "10s", value_parser = duration)]
    pub analytics_timeout: Duration,
    /// For how long lines are kept that nobody takes.
    #[arg(long, env = "ANALYTICS_KEPT", default_value = "30d", value_parser = duration)]
    pub analytics_kept: Duration,
}

impl Default for AnalyticsConfig {
    fn default() -> Self {
        defaults()
    }
}

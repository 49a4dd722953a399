//! How often things may be tried.

use std::time::Duration;

use net::process::duration;

use crate::domain::throttle::Limit;

/// How often things may be tried: so many at once, then one more per interval.
#[derive(clap::Args, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// Wrong passwords of an account from one network (an address of IPv4, a /64 of IPv6) at once;
    /// four times as many from a /48. A network from which the account has signed in is not
    /// refused for what others do.
    #[arg(long, env = "LOGIN_ACCOUNT_BURST", default_value_t = 10)]
    pub login_account_burst: u32,
    /// After which time an account may be tried once more from a network.
    #[arg(long, env = "LOGIN_ACCOUNT_INTERVAL", default_value = "30s", value_parser = duration)]
    pub login_account_interval: Duration,
    /// Wrong passwords of an account at once, from all networks from which it has not signed in.
    /// NIST SP 800-63B-4 allows 100.
    #[arg(long, env = "LOGIN_ACCOUNT_TOTAL_BURST", default_value_t = 100)]
    pub login_account_total_burst: u32,
    /// After which time an account may be tried once more from any such network.
    #[arg(
        long,
        env = "LOGIN_ACCOUNT_TOTAL_INTERVAL",
        default_value = "30s",
        value_parser = duration
    )]
    pub login_account_total_interval: Duration,
    /// How long a network is remembered from which an account has signed in.
    #[arg(long, env = "KNOWN_NETWORK_LIFETIME", default_value = "90d", value_parser = duration)]
    pub known_network_lifetime: Duration,
    /// Wrong passwords from a client's network at once; four times as many from a /48.
    #[arg(long, env = "LOGIN_ADDRESS_BURST", default_value_t = 100)]
    pub login_address_burst: u32,
    /// After which time an address may try once more.
    #[arg(long, env = "LOGIN_ADDRESS_INTERVAL", default_value = "2s", value_parser = duration)]
    pub login_address_interval: Duration,
    /// Registrations from a client's address at once; as many requests for a new password.
    #[arg(long, env = "REGISTER_BURST", default_value_t = 100)]
    pub register_burst: u32,
    /// After which time an address may register once more.
    #[arg(long, env = "REGISTER_INTERVAL", default_value = "6s", value_parser = duration)]
    pub register_interval: Duration,
    /// Links of one kind that are mailed to an address at once.
    #[arg(long, env = "ACCOUNT_MAIL_BURST", default_value_t = 5)]
    pub account_mail_burst: u32,
    /// After which time one more is.
    #[arg(long, env = "ACCOUNT_MAIL_INTERVAL", default_value = "10m", value_parser = duration)]
    pub account_mail_interval: Duration,
}

impl Default for Throttle {
    fn default() -> Self {
        net::process::arguments::defaults()
    }
}

impl Throttle {
    /// Wrong passwords of an account from one network.
    #[must_use]
    pub fn login_account(&self) -> Limit {
        Limit {
            burst: self.login_account_burst,
            interval: self.login_account_interval,
        }
    }

    /// Wrong passwords of an account from all networks from which it has not signed in.
    #[must_use]
    pub fn login_account_total(&self) -> Limit {
        Limit {
            burst: self.login_account_total_burst,
            interval: self.login_account_total_interval,
        }
    }

    /// Wrong passwords from an address.
    #[must_use]
    pub fn login_address(&self) -> Limit {
        Limit {
            burst: self.login_address_burst,
            interval: self.login_address_interval,
        }
    }

    /// Registrations from an address.
    #[must_use]
    pub fn register(&self) -> Limit {
        Limit {
            burst: self.register_burst,
            interval: self.register_interval,
        }
    }

    /// Links of one kind to an address.
    #[must_use]
    pub fn account_mail(&self) -> Limit {
        Limit {
            burst: self.account_mail_burst,
            interval: self.account_mail_interval,
        }
    }
}

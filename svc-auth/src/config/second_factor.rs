//! Who must have a second factor, and how often a code may be tried.

use std::time::Duration;

use net::process::duration;

use crate::domain::throttle::Limit;

/// Who must have a second factor.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequireSecondFactor {
    /// Nobody: whoever wants to.
    #[default]
    None,
    /// Accounts with the role `admin`: without one, their tokens have the role `user` alone.
    Admins,
}

/// What holds of second factors.
#[derive(clap::Args, Clone, Debug, PartialEq, Eq)]
pub struct SecondFactors {
    /// Who must have a second factor: with `admins`, an administrator without one has the role `user`
    /// alone until it is set up.
    #[arg(
        long,
        env = "REQUIRE_SECOND_FACTOR",
        value_enum,
        default_value = "none"
    )]
    pub require_second_factor: RequireSecondFactor,
    /// What authenticator apps call the shop.
    #[arg(long, env = "SECOND_FACTOR_ISSUER", default_value = "Tradewind")]
    pub second_factor_issuer: String,
    /// Wrong codes of an account at once: from a network that it has signed in from, and from all
    /// others together.
    #[arg(long, env = "SECOND_FACTOR_BURST", default_value_t = 10)]
    pub second_factor_burst: u32,
    /// After which time there is one more.
    #[arg(long, env = "SECOND_FACTOR_INTERVAL", default_value = "10m", value_parser = duration)]
    pub second_factor_interval: Duration,
}

impl Default for SecondFactors {
    fn default() -> Self {
        net::process::arguments::defaults()
    }
}

impl SecondFactors {
    /// Wrong codes of an account.
    #[must_use]
    pub fn codes(&self) -> Limit {
        Limit {
            burst: self.second_factor_burst,
            interval: self.second_factor_interval,
        }
    }
}

//! What is said of Stripe at the start.

use std::time::Duration;

use net::process::arguments::defaults;
use net::process::duration;
use secrecy::{ExposeSecret as _, SecretString};

use super::webhook::Secrets;

/// What is said of Stripe at the start.
#[derive(clap::Args, Clone, Debug)]
pub struct StripeConfig {
    /// Stripe's secret key, or a restricted one that may write PaymentIntents, Charges and Refunds, and
    /// read Disputes.
    #[arg(long, env = "STRIPE_SECRET_KEY", hide_env_values = true)]
    pub stripe_secret_key: Option<SecretString>,
    /// The signing secret of the endpoint that Stripe sends events to (`whsec_...`).
    #[arg(long, env = "STRIPE_WEBHOOK_SECRET", hide_env_values = true)]
    pub stripe_webhook_secret: Option<SecretString>,
    /// Another such secret that holds too: the one before, while a new one takes its place.
    #[arg(
        long,
        env = "STRIPE_WEBHOOK_SECRET_PREVIOUS",
        hide_env_values = true,
        requires = "stripe_webhook_secret"
    )]
    pub stripe_webhook_secret_previous: Option<SecretString>,
    /// How far the time at which an event was signed may lie from now, before or after it.
    #[arg(long, env = "STRIPE_WEBHOOK_TOLERANCE", default_value = "5m", value_parser = duration)]
    pub stripe_webhook_tolerance: Duration,
    /// Where Stripe answers: https, or http on this machine.
    #[arg(long, env = "STRIPE_URL", default_value = "https://api.stripe.com")]
    pub stripe_url: String,
}

impl Default for StripeConfig {
    fn default() -> Self {
        defaults()
    }
}

impl StripeConfig {
    /// The key, and what events are signed by, or what is missing.
    pub(super) fn secrets(&self) -> (SecretString, Result<Secrets, Vec<String>>) {
        let mut mistakes = Vec::new();
        let mut needed = |flag: &str, secret: &Option<SecretString>| {
            let secret = secret.clone().unwrap_or_default();
            // An empty one would let anybody sign.
            if secret.expose_secret().is_empty() {
                mistakes.push(format!("{flag} is needed for --payments-provider stripe"));
            }
            secret
        };
        let key = needed("--stripe-secret-key", &self.stripe_secret_key);
        let current = needed("--stripe-webhook-secret", &self.stripe_webhook_secret);
        let previous = self.stripe_webhook_secret_previous.clone();
        let secrets = Secrets {
            current,
            previous: previous.filter(|secret| !secret.expose_secret().is_empty()),
            tolerance: self.stripe_webhook_tolerance,
        };
        let secrets = if mistakes.is_empty() {
            Ok(secrets)
        } else {
            Err(mistakes)
        };
        (key, secrets)
    }
}

#[cfg(test)]
mod tests {
    use net::StartError;

    use super::*;
    use crate::provider::stripe::Stripe;

    #[test]
    fn all_that_is_missing_or_wrong_is_said_at_once() {
        let config = StripeConfig {
            stripe_webhook_secret: Some(String::new().into()),
            stripe_url: "http://stripe.example".to_owned(),
            ..StripeConfig::default()
        };
        let Err(StartError::Config(mistakes)) = Stripe::new(&config, Duration::from_secs(1)) else {
            panic!("it is taken");
        };
        assert_eq!(mistakes.len(), 3, "{mistakes:?}");
        for flag in [
            "--stripe-url",
            "--stripe-secret-key",
            "--stripe-webhook-secret",
        ] {
            assert!(mistakes.iter().any(|it| it.contains(flag)), "{mistakes:?}");
        }
    }
}

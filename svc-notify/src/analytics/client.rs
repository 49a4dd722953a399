//! One attempt to send lines.

use std::time::Duration;

use net::causes;
use net::clock::Clock;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

use super::AnalyticsConfig;
use crate::domain::{Outcome, retry_after};

/// The receiver.
pub(super) struct Client {
    http: reqwest::Client,
    url: Url,
    token: Option<SecretString>,
    /// How long an attempt takes at the most.
    pub(super) patience: Duration,
    clock: Clock,
}

/// What came of an attempt.
pub(super) struct Answer {
    pub(super) outcome: Outcome,
    /// For how many seconds the receiver wants to be left alone.
    pub(super) retry_after: Option<u64>,
    /// What was answered, or why nothing was; without the URL.
    pub(super) detail: String,
}

impl Client {
    /// The receiver that is configured; none where none is.
    ///
    /// # Errors
    /// What is wrong with the configuration, without what is secret of it.
    pub(super) fn new(config: &AnalyticsConfig, clock: &Clock) -> Result<Option<Self>, String> {
        let url = config.analytics_url.as_ref().map(|url| url.expose().trim());
        let Some(url) = url.filter(|url| !url.is_empty()) else {
            return Ok(None);
        };
        let url = Url::parse(url).map_err(|error| format!("ANALYTICS_URL: {error}"))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err("ANALYTICS_URL: it must begin with https:// or http://".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(
                "ANALYTICS_URL: it must have no user in it: ANALYTICS_TOKEN is for that".to_owned(),
            );
        }
        let token = config.analytics_token.clone();
        let token = token.filter(|token| !token.expose_secret().is_empty());
        let is_here = is_here(&url);
        if url.scheme() == "http" && token.is_some() && !is_here {
            return Err(
                "ANALYTICS_URL: it would send the token in the clear: take https".to_owned(),
            );
        }
        if config.analytics_timeout.is_zero() {
            return Err("ANALYTICS_TIMEOUT: it must be longer than nothing".to_owned());
        }
        let http = reqwest::Client::builder()
            .timeout(config.analytics_timeout)
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .user_agent(concat!("tradewind/", env!("CARGO_PKG_VERSION")));
        let http = if is_here { http.no_proxy() } else { http };
        let http = http.build().map_err(|error| {
            format!(
                "analytics cannot be sent: {}; SSL_CERT_FILE names the certificates that are trusted",
                causes(&error)
            )
        })?;
        Ok(Some(Self {
            http,
            url,
            token,
            patience: config.analytics_timeout,
            clock: clock.clone(),
        }))
    }

    /// Sends lines once. They are taken if the status says so.
    pub(super) async fn send(&self, lines: String) -> Answer {
        let request = self.http.post(self.url.clone());
        let request = match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        };
        let request = request.header(CONTENT_TYPE, "application/x-ndjson");
        let response = match request.body(lines).send().await {
            Ok(response) => response,
            Err(error) => {
                let outcome = match error.is_timeout() {
                    true => Outcome::TimedOut,
                    false => Outcome::Unreachable,
                };
                return Answer {
                    outcome,
                    retry_after: None,
                    detail: causes(&error.without_url()),
                };
            }
        };
        let asked = response.headers().get(RETRY_AFTER);
        let asked = asked.and_then(|value| value.to_str().ok());
        Answer {
            outcome: Outcome::of(response.status().as_u16()),
            retry_after: asked.and_then(|value| retry_after(value, self.clock.now())),
            detail: response.status().to_string(),
        }
    }
}

/// Whether it is on this machine.
fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(url: &str, token: Option<&str>) -> Result<bool, String> {
        let config = AnalyticsConfig {
            analytics_url: Some(url.into()),
            analytics_token: token.map(Into::into),
            ..AnalyticsConfig::default()
        };
        Client::new(&config, &Clock::system()).map(|client| client.is_some())
    }

    #[test]
    fn an_address_of_ones_own_will_do_and_a_token_stays_a_secret() {
        assert_eq!(made("", None), Ok(false));
        for url in [
            "https://events.example/in?key=1",
            "https://10.0.0.7:8443/",
            "http://vector:8080/",
        ] {
            assert_eq!(made(url, None), Ok(true), "{url}");
        }
        assert_eq!(made("http://127.0.0.1:8080/", Some("secret")), Ok(true));
        assert_eq!(made("https://10.0.0.7/", Some("secret")), Ok(true));
        for (url, token) in [
            ("http://vector:8080/", Some("secret")),
            ("https://ada:secret@events.example/", None),
            ("ftp://events.example/", None),
            ("events.example", None),
        ] {
            let refused = made(url, token).expect_err(url);
            assert!(refused.starts_with("ANALYTICS_URL: "), "{refused}");
            assert!(!refused.contains("secret"), "{refused}");
        }
    }
}

//! What is said of mail at the start.

use std::path::PathBuf;
use std::time::Duration;

use lettre::message::Mailbox;
use net::SecretUrl;
use net::process::arguments::defaults;
use net::process::duration;
use url::Url;

use crate::domain::mail::Language;

/// What is said of mail at the start.
#[derive(clap::Args, Clone, Debug)]
pub struct MailConfig {
    /// The server that takes mail: `smtps://USER:PASSWORD@HOST` (port 465), or
    /// `smtp://USER:PASSWORD@HOST` (port 587), which turns to TLS by STARTTLS; with `?tls=none` it stays
    /// in the clear, without a password or on this machine. An empty one is none.
    #[arg(long, env = "SMTP_URL", value_name = "URL", hide_env_values = true)]
    pub smtp_url: Option<SecretUrl>,
    /// Where mails are put as files if no server takes them. Without either none is sent.
    #[arg(long, env = "MAIL_DIR", value_name = "DIR")]
    pub mail_dir: Option<PathBuf>,
    /// Whom mails are from, with the name of the shop.
    #[arg(
        long,
        env = "MAIL_FROM",
        value_name = "MAILBOX",
        default_value = "Tradewind <shop@tradewind.localhost>"
    )]
    pub mail_from: Mailbox,
    /// The language of mails to whoever has chosen none.
    #[arg(long, env = "MAIL_LANGUAGE", value_enum, default_value_t)]
    pub mail_language: Language,
    /// Where the shop's pages are, which mails lead to: `/orders/ID`.
    #[arg(
        long,
        env = "PUBLIC_URL",
        value_name = "URL",
        default_value = "http://localhost:8080",
        value_parser = public_url
    )]
    pub public_url: Url,
    /// For how long the mail server is waited for, a mail.
    #[arg(long, env = "MAIL_TIMEOUT", default_value = "30s", value_parser = duration)]
    pub mail_timeout: Duration,
    /// For how long a mail is tried that the server does not take.
    #[arg(long, env = "MAIL_PATIENCE", default_value = "1d", value_parser = duration)]
    pub mail_patience: Duration,
    /// For how long is known which mails were sent.
    #[arg(long, env = "MESSAGES_KEPT", default_value = "90d", value_parser = duration)]
    pub messages_kept: Duration,
}

impl Default for MailConfig {
    fn default() -> Self {
        defaults()
    }
}

/// A URL that paths are put behind.
fn public_url(text: &str) -> Result<Url, String> {
    let url: Url = text
        .parse()
        .map_err(|error: url::ParseError| error.to_string())?;
    let is_of_the_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    match is_of_the_web && url.query().is_none() && url.fragment().is_none() {
        true => Ok(url),
        false => {
            Err("it must be an address such as https://shop.example, and nothing behind".into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_of_the_web_and_paths_fit_behind_them() {
        for url in [
            "https://shop.example",
            "http://localhost:8080",
            "https://a.example/shop",
        ] {
            assert!(public_url(url).is_ok(), "{url}");
        }
        for url in [
            "shop.example",
            "mailto:a@b",
            "https://a.example/?x=1",
            "https://a.example/#x",
        ] {
            assert!(public_url(url).is_err(), "{url}");
        }
    }
}

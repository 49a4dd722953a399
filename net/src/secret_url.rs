//! The URL of a server, which may say how to log in there.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

/// A URL, or several with commas between, whose logins are told to nobody: what is printed of it is
/// where it leads.
#[derive(Clone)]
pub struct SecretUrl(SecretString);

impl SecretUrl {
    /// All of it, for whoever connects.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    fn parts(&self) -> impl Iterator<Item = &str> {
        self.expose().split(',').map(str::trim)
    }
}

impl From<&str> for SecretUrl {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for SecretUrl {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            match read(part) {
                Some(url) => write!(f, "{}", without_login(url))?,
                None => f.write_str("[redacted]")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A URL of which is known where a login would stand in it.
fn read(part: &str) -> Option<Url> {
    let url = Url::parse(part).ok()?;
    (url.has_host() || !part.contains('@')).then_some(url)
}

fn without_login(mut url: Url) -> Url {
    // A URL without a host, such as sqlite:PATH, has no login to take away.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_login_is_printed() {
        for (url, printed) in [
            (
                "postgres://ada:hunter2@db:5432/shop",
                "postgres://db:5432/shop",
            ),
            ("postgres://db/shop?password=hunter2", "postgres://db/shop"),
            (
                "nats://hunter2@a:4222, nats://ada:hunter2@b:4222",
                "nats://a:4222,nats://b:4222",
            ),
            ("ada:hunter2@cache", "[redacted]"),
            ("//ada:hunter2@cache", "[redacted]"),
        ] {
            let url = SecretUrl::from(url);
            for text in [url.to_string(), format!("{url:?}")] {
                assert!(!text.contains("hunter2"), "{text}");
            }
            assert_eq!(url.to_string(), printed);
        }
    }

    #[test]
    fn a_url_without_a_login_is_printed_as_it_is() {
        for text in [
            "nats://127.0.0.1:4222",
            "redis://cache:6379/1",
            "sqlite:/data/shop.db",
        ] {
            assert_eq!(SecretUrl::from(text).to_string(), text);
        }
    }
}

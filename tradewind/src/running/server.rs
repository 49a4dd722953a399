//! A server that a mesh uses, without what it takes to log in there.

use net::SecretUrl;
use serde::{Deserialize, Serialize};
use url::Url;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Server {
    /// Scheme, host and port.
    pub(crate) address: String,
    /// Whether the address is not enough to be let in.
    pub(crate) login: bool,
}

impl Server {
    /// What may be told of a server's URL.
    pub(crate) fn of(url: &SecretUrl) -> Server {
        let Some(url) = Url::parse(url.expose()).ok().filter(Url::has_host) else {
            // A list of addresses, perhaps, with who knows what between them.
            return Server {
                address: "several addresses".to_owned(),
                login: true,
            };
        };
        let port = url.port().map(|port| format!(":{port}"));
        Server {
            address: format!(
                "{}://{}{}",
                url.scheme(),
                url.host_str().unwrap_or_default(),
                port.unwrap_or_default()
            ),
            login: !url.username().is_empty() || url.password().is_some() || url.query().is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_login_is_kept() {
        for url in [
            "postgres://ada:hunter2@db:5432/shop",
            "postgres://db:5432/shop?password=hunter2",
            "nats://hunter2@db:5432",
        ] {
            let server = Server::of(&url.into());
            assert!(server.address.ends_with("://db:5432"), "{server:?}");
            assert!(server.login, "{server:?}");
        }
        let server = Server::of(&"nats://127.0.0.1:4222".into());
        assert_eq!(
            (server.address.as_str(), server.login),
            ("nats://127.0.0.1:4222", false)
        );
        let several = Server::of(&"nats://ada:hunter2@a:4222,nats://ada:hunter2@b:4222".into());
        assert!(
            several.login && !several.address.contains("hunter2"),
            "{several:?}"
        );
    }
}

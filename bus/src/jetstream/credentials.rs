//! How a process logs in to NATS: with what the URL carries, which the client itself passes over.

use std::io;

use async_nats::{ConnectOptions, ServerAddr};

use super::headers::decode;

/// Where replies come to for whoever has no name.
const INBOX: &str = "_INBOX";

/// What a URL says of who connects.
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
enum Credentials {
    None,
    Token(String),
    User { name: String, password: String },
}

/// Options that log in as the first server's URL says, and have replies come to an inbox under the
/// user's own name, so that the server can let each user hear its own replies alone.
pub(super) fn log_in(options: ConnectOptions, url: &str) -> ConnectOptions {
    let credentials = Credentials::of(url);
    let options = options.custom_inbox_prefix(credentials.inbox_prefix());
    match credentials {
        Credentials::None => options,
        Credentials::Token(token) => options.token(token),
        Credentials::User { name, password } => options.user_and_password(name, password),
    }
}

/// The servers of a URL without what it says of who connects: the client writes them into its log.
pub(super) fn servers(url: &str) -> io::Result<Vec<ServerAddr>> {
    let servers = url.split(',').map(|server| {
        let mut url = server.trim().parse::<ServerAddr>()?.into_inner();
        // A URL that cannot have a login has none.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        ServerAddr::from_url(url)
    });
    servers.collect()
}

impl Credentials {
    fn of(url: &str) -> Self {
        // A URL that is malformed is told of where it is connected to.
        let first = url.split(',').next().unwrap_or(url).trim();
        let Ok(server) = first.parse::<ServerAddr>() else {
            return Self::None;
        };
        match (server.username(), server.password()) {
            (Some(name), Some(password)) => Self::User {
                name: decode(name),
                password: decode(password),
            },
            (Some(token), None) => Self::Token(decode(token)),
            (None, _) => Self::None,
        }
    }

    fn inbox_prefix(&self) -> String {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        match self {
            Self::User { name, .. } if name.chars().all(is_plain) => format!("{INBOX}.{name}"),
            // A token is a secret, and other names may be no part of a subject.
            _ => INBOX.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_are_named_without_logins() {
        let servers = servers("nats://ada:secret@a:4222, token@b").expect("they are servers");
        let servers: Vec<_> = servers.iter().map(ServerAddr::as_url_str).collect();
        assert_eq!(servers, ["nats://a:4222", "nats://b"]);
        assert!(super::servers("nats://a, http://b").is_err());
    }

    #[test]
    fn the_first_url_says_who_connects_and_where_its_replies_come_to() {
        let user = |name: &str| Credentials::User {
            name: name.into(),
            password: "sec:ret".into(),
        };
        for (url, expected, inbox) in [
            (
                "nats://svc-orders:sec%3Aret@a:4222, nats://b",
                user("svc-orders"),
                "_INBOX.svc-orders",
            ),
            (
                "nats://no.subject*:sec%3Aret@a",
                user("no.subject*"),
                "_INBOX",
            ),
            (
                "nats://token@a:4222",
                Credentials::Token("token".into()),
                "_INBOX",
            ),
            ("a:4222", Credentials::None, "_INBOX"),
            ("nats://", Credentials::None, "_INBOX"),
        ] {
            let credentials = Credentials::of(url);
            assert_eq!(credentials.inbox_prefix(), inbox, "{url}");
            assert_eq!(credentials, expected, "{url}");
        }
    }
}

//! Where the keys of an issuer come from.

use std::path::PathBuf;
use std::time::Duration;

use http::header::ACCEPT;
use net::{StartError, causes};
use reqwest::Client;
use reqwest::redirect::{Attempt, Policy};
use serde::Deserialize;
use url::Url;

/// An answer takes no longer, from the first look for the address to its last byte.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Most bytes of a document. Key sets have some kilobytes.
const LARGEST: usize = 1 << 20;
const MOST_REDIRECTS: usize = 3;
/// OpenID Connect Discovery 1.0, section 4.
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// Where the keys of an issuer are.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// Where a document says that is at this place.
    Discovery(Url),
    /// At this place.
    Keys(Url),
    /// In this file.
    File(PathBuf),
}

/// What is read of an issuer's description of itself (OpenID Connect Discovery 1.0, section 3).
#[derive(Deserialize)]
struct Description {
    issuer: String,
    jwks_uri: String,
}

impl Source {
    /// As the operator names it.
    pub(super) fn of_keys(place: &str) -> Result<Self, String> {
        match place.contains("://") {
            true => web(place).map(Self::Keys),
            false => Ok(Self::File(place.into())),
        }
        .map_err(|why| format!("--jwt-jwks: {why}"))
    }

    /// As the issuer's name leads to it.
    pub(super) fn discovered_by(issuer: &str) -> Result<Self, String> {
        let found = web(issuer).and_then(|url| match (url.query(), url.fragment()) {
            (None, None) => web(&format!("{}{DISCOVERY}", issuer.trim_end_matches('/'))),
            _ => Err("an issuer has neither a query nor a fragment".to_owned()),
        });
        let found = found.map_err(|why| {
            format!("--jwt-issuer: {why}; where its keys are then, is for --jwt-jwks to say")
        });
        found.map(Self::Discovery)
    }

    /// The key set of that issuer, as it is now.
    pub(super) async fn read(&self, client: &Client, issuer: &str) -> Result<Vec<u8>, String> {
        match self {
            Self::Keys(url) => get(client, url).await,
            Self::File(path) => {
                let read = tokio::fs::read(path).await;
                read.map_err(|error| format!("{}: {error}", path.display()))
            }
            Self::Discovery(url) => {
                let described = get(client, url).await?;
                let described: Description = serde_json::from_slice(&described)
                    .map_err(|error| format!("the openid-configuration: {error}"))?;
                // Section 4.3: or whoever answers there could speak for others.
                if described.issuer != issuer {
                    let Description { issuer, .. } = described;
                    return Err(format!(
                        "the openid-configuration is of the issuer {issuer:?}"
                    ));
                }
                let keys = web(&described.jwks_uri).map_err(|why| format!("jwks_uri: {why}"))?;
                if is_downgrade(url, &keys) {
                    return Err("jwks_uri: from https it leads to http".to_owned());
                }
                get(client, &keys).await
            }
        }
    }
}

/// What asks issuers.
pub(super) fn client() -> Result<Client, StartError> {
    let client = Client::builder()
        .timeout(TIMEOUT)
        .redirect(Policy::custom(redirected))
        .user_agent(concat!("tradewind-gateway/", env!("CARGO_PKG_VERSION")))
        .build();
    client.map_err(|error| {
        StartError::other(format!(
            "issuers of tokens cannot be asked: {}; SSL_CERT_FILE names the certificates that are trusted",
            causes(&error)
        ))
    })
}

fn redirected(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let is_worse = attempt
        .previous()
        .last()
        .is_some_and(|from| is_downgrade(from, attempt.url()));
    match attempt.previous().len() > MOST_REDIRECTS || is_worse {
        true => attempt.error("it redirects too often, or from https to http"),
        false => attempt.follow(),
    }
}

fn is_downgrade(from: &Url, to: &Url) -> bool {
    from.scheme() == "https" && to.scheme() != "https"
}

/// An address that is asked for documents. What it is not, is said without it: it may hold a secret.
fn web(text: &str) -> Result<Url, String> {
    let url =
        Url::parse(text).map_err(|error| format!("expected an http or https URL: {error}"))?;
    if !["http", "https"].contains(&url.scheme()) {
        return Err(format!(
            "expected an http or https URL, not {}",
            url.scheme()
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a URL with a user in it is not for logs".to_owned());
    }
    Ok(url)
}

async fn get(client: &Client, url: &Url) -> Result<Vec<u8>, String> {
    let told = |error: reqwest::Error| causes(&error.without_url());
    let asked = client.get(url.clone()).header(ACCEPT, "application/json");
    let mut answer = asked
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .map_err(told)?;
    let mut document = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(told)? {
        if document.len() + piece.len() > LARGEST {
            return Err(format!("the answer has more than {LARGEST} bytes"));
        }
        document.extend_from_slice(&piece);
    }
    Ok(document)
}

//! Stripe's API over HTTP: forms go, JSON comes.

use std::time::Duration;

use net::causes;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::{Host, Url};

use crate::provider::{Failure, UNKNOWN_TOKEN};

/// Of the answers; what Stripe sends of itself (webhooks) has the version of its endpoint. Before
/// 2025-03-31.basil, what is left of a hold after a capture was a Refund, which would be taken for money
/// that was given back.
const VERSION: &str = "2026-08-26.dahlia";
/// Most bytes of an answer: a page of a hundred intents has some hundred kilobytes.
const LARGEST: usize = 8 << 20;
/// docs.stripe.com/api/pagination: the most that a page has.
const PAGE: (&str, &str) = ("limit", "100");

/// What a token may be: the parameters by which a confirmation takes it.
pub(super) const PAYMENT_METHOD: &str = "payment_method";
pub(super) const CONFIRMATION_TOKEN: &str = "confirmation_token";
const TOKENS: [&str; 2] = [PAYMENT_METHOD, CONFIRMATION_TOKEN];

/// Names and values of a form or a query.
pub(super) type Fields<'a> = [(&'a str, &'a str)];

/// One account of Stripe's.
pub(super) struct Client {
    http: reqwest::Client,
    base: Url,
    key: SecretString,
}

/// What came of a request.
pub(super) struct Reply<T> {
    pub(super) object: T,
    /// It was stored when the key was used first, and says how things stood then.
    pub(super) is_replayed: bool,
}

/// Why there is no object.
pub(super) enum Problem {
    /// Nothing happened.
    Refused(Refusal),
    /// It is not known whether something happened.
    Unknown(String),
}

/// docs.stripe.com/api/errors
#[derive(Debug, Deserialize)]
pub(super) struct Refusal {
    #[serde(rename = "type")]
    kind: String,
    code: Option<String>,
    decline_code: Option<String>,
    message: Option<String>,
    param: Option<String>,
}

#[derive(Deserialize)]
struct ErrorBody {
    error: Refusal,
}

/// A page of a list, the newest first.
#[derive(Deserialize)]
pub(super) struct Page<T> {
    pub(super) data: Vec<T>,
    pub(super) has_more: bool,
}

/// What has an id, by which the next page is asked for.
pub(super) trait Object {
    fn id(&self) -> &str;
}

impl<T: Object> Page<T> {
    /// What the next page starts after.
    pub(super) fn next(&self) -> Option<&str> {
        self.data.last().filter(|_| self.has_more).map(T::id)
    }
}

impl Refusal {
    /// Whether it is of the means of payment.
    pub(super) fn is_of_the_card(&self) -> bool {
        self.kind == "card_error"
    }

    /// The bank's word, or else Stripe's.
    fn word(self) -> String {
        let param = self.param.as_deref().unwrap_or_default();
        let is_of_the_token = TOKENS.contains(&param);
        match self.decline_code.or(self.code) {
            Some(code) if code == "resource_missing" && is_of_the_token => UNKNOWN_TOKEN.to_owned(),
            Some(code) => code,
            None => self.kind,
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Unknown(why) => Self::Unknown(why),
            Problem::Refused(refusal) => Self::Refused {
                message: refusal.message.clone().unwrap_or_default(),
                code: refusal.word(),
            },
        }
    }
}

impl Client {
    /// Of the account that the key is of.
    ///
    /// # Errors
    /// What is wrong with the address, or why nothing can be asked.
    pub(super) fn new(base: &str, key: SecretString, timeout: Duration) -> Result<Self, String> {
        let base = Url::parse(base).map_err(|error| format!("--stripe-url: {error}"))?;
        let is_here = match base.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        if base.scheme() != "https" && !(base.scheme() == "http" && is_here) {
            return Err("--stripe-url: expected https, or http to this machine".to_owned());
        }
        if !base.username().is_empty() || base.password().is_some() {
            return Err("--stripe-url: a URL with a user in it is not for logs".to_owned());
        }
        let http = reqwest::Client::builder()
            .timeout(timeout)
            .redirect(Policy::none())
            .user_agent(concat!("tradewind/", env!("CARGO_PKG_VERSION")));
        let http = if is_here { http.no_proxy() } else { http };
        let http = http.build().map_err(|error| {
            format!(
                "Stripe cannot be asked: {}; SSL_CERT_FILE names the certificates that are trusted",
                causes(&error)
            )
        })?;
        Ok(Self { http, base, key })
    }

    /// Reads an object.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &Fields<'_>,
    ) -> Result<T, Problem> {
        let reply = self.send(self.http.get(self.url(path)).query(query));
        Ok(reply.await?.object)
    }

    /// Reads a page of a list.
    pub(super) async fn page<T: DeserializeOwned + Object>(
        &self,
        list: &str,
        query: &Fields<'_>,
        after: Option<&str>,
    ) -> Result<Page<T>, Problem> {
        let after = after.map(|id| ("starting_after", id));
        let query: Vec<_> = query.iter().copied().chain([PAGE]).chain(after).collect();
        self.get(&[list], &query).await
    }

    /// Reads all of a list that is short.
    pub(super) async fn all<T: DeserializeOwned + Object>(
        &self,
        list: &str,
        query: &Fields<'_>,
    ) -> Result<Vec<T>, Problem> {
        let mut all: Vec<T> = Vec::new();
        loop {
            let page = self.page(list, query, all.last().map(T::id)).await?;
            all.extend(page.data);
            if !page.has_more {
                return Ok(all);
            }
        }
    }

    /// Asks for something to be done, once for the key.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        key: &str,
        path: &[&str],
        form: &Fields<'_>,
    ) -> Result<Reply<T>, Problem> {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = self.http.post(self.url(path));
        let request = request.header("idempotency-key", key);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(form)).await
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .expect("http and https have paths")
            .pop_if_empty()
            .push("v1")
            .extend(path);
        url
    }

    async fn send<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> Result<Reply<T>, Problem> {
        let request = request
            .bearer_auth(self.key.expose_secret())
            .header("stripe-version", VERSION);
        let (status, headers, body) = exchange(request).await.map_err(Problem::Unknown)?;
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let is_replayed = header("idempotent-replayed") == Some("true");
        // By the request's id it is found in Stripe's logs.
        let request_id = header("request-id").unwrap_or("-");
        let unknown = |why: &str| Problem::Unknown(format!("{why} ({status}, {request_id})"));
        if status.is_success() {
            let object = serde_json::from_slice(&body);
            let object = object.map_err(|error| unknown(&format!("it cannot be read: {error}")))?;
            return Ok(Reply {
                object,
                is_replayed,
            });
        }
        match (status, serde_json::from_slice::<ErrorBody>(&body)) {
            // The key was used for something else, of which this says nothing.
            (_, Ok(body)) if body.error.kind == "idempotency_error" => {
                Err(unknown(&body.error.message.unwrap_or_default()))
            }
            (
                StatusCode::BAD_REQUEST | StatusCode::PAYMENT_REQUIRED | StatusCode::NOT_FOUND,
                Ok(body),
            ) => Err(Problem::Refused(body.error)),
            // What is wrong with the key of the account is for the operator to mend.
            (_, Ok(body)) => Err(unknown(&body.error.message.unwrap_or_default())),
            (_, Err(_)) => Err(unknown("it is no answer of Stripe's")),
        }
    }
}

async fn exchange(request: RequestBuilder) -> Result<(StatusCode, HeaderMap, Vec<u8>), String> {
    let told = |error: reqwest::Error| causes(&error.without_url());
    let mut answer = request.send().await.map_err(told)?;
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(told)? {
        if body.len() + piece.len() > LARGEST {
            return Err(format!("the answer has more than {LARGEST} bytes"));
        }
        body.extend_from_slice(&piece);
    }
    Ok((answer.status(), answer.headers().clone(), body))
}

/// Something in an answer that makes no sense: what it means is not known.
pub(super) fn unreadable(what: impl std::fmt::Display) -> Failure {
    Failure::Unknown(format!("{what} in Stripe's answer cannot be read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(base: &str) -> Option<String> {
        Client::new(base, SecretString::default(), Duration::from_secs(1)).err()
    }

    #[test]
    fn the_key_of_the_account_goes_nowhere_in_the_clear() {
        for good in [
            "https://api.stripe.com",
            "https://stripe.example/through/",
            "http://127.0.0.1:12111",
            "http://[::1]:12111",
            "http://localhost:12111",
        ] {
            assert_eq!(mistake(good), None, "{good}");
        }
        for wrong in [
            "http://api.stripe.com",
            "http://127.0.0.1.example",
            "ftp://localhost",
            "https://sk_live@api.stripe.com",
            "api.stripe.com",
            "",
        ] {
            let told = mistake(wrong).expect(wrong);
            assert!(told.starts_with("--stripe-url: "), "{told}");
            assert!(!told.contains("sk_live"), "{told}");
        }
    }

    #[test]
    fn an_id_stays_in_its_part_of_the_path() {
        let client = Client::new(
            "https://api.stripe.com/",
            SecretString::default(),
            Duration::from_secs(1),
        );
        let url = client
            .ok()
            .unwrap()
            .url(&["payment_intents", "../refunds?a"]);
        assert_eq!(
            url.as_str(),
            "https://api.stripe.com/v1/payment_intents/..%2Frefunds%3Fa"
        );
    }
}

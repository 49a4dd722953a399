//! An ordinary client of the public REST API: what `import`, `seed` and `token` are made of.

mod credentials;
mod door;
mod failure;

use std::{sync::Mutex, time::Duration};

use net::backoff::Backoff;
use reqwest::{Method, Response, StatusCode, redirect::Policy};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use url::{Position, Url};

use crate::{operator, running::is_loopback};

use credentials::Account;
pub(crate) use door::Door;
pub(crate) use failure::Failure;

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(30);
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));

/// Speaks to one edge as one account. A server that is away, busy or restarting is asked again
/// until the client's patience ends.
pub(crate) struct Client {
    http: reqwest::Client,
    edge: Url,
    account: Account,
    token: Mutex<Option<String>>,
    patience: Duration,
    /// What to say when this is not the right edge or account.
    hint: Option<String>,
}

/// What speaks to a server: to one on this machine, past any proxy.
pub(crate) fn http(server: &Url) -> reqwest::ClientBuilder {
    let mut http = reqwest::Client::builder();
    if is_loopback(server) {
        http = http.no_proxy();
    }
    if server.scheme() == "http" {
        // Otherwise those of the system are read, and where it has none there is no client.
        http = http.tls_certs_only([]);
    }
    http
}

/// Host and port of a URL, and nothing else of it.
pub(crate) fn address(url: &Url) -> &str {
    &url[Position::BeforeHost..Position::AfterPort]
}

/// Why there was no reply, in a few words: connection refused, operation timed out.
pub(crate) fn why(error: reqwest::Error) -> String {
    anyhow::Error::from(error).root_cause().to_string()
}

/// A URL with these segments behind its path, which are escaped.
pub(crate) fn within<'a>(base: &Url, segments: impl IntoIterator<Item = &'a str>) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// A request that can be sent again.
pub(crate) struct Call {
    method: Method,
    url: Url,
    body: Option<Value>,
    idempotency_key: Option<String>,
}

impl Call {
    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    pub(crate) fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Makes it safe to send the request again: the server answers it once.
    pub(crate) fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }
}

impl Client {
    pub(crate) fn new(door: &Door) -> anyhow::Result<Self> {
        let way = door.way()?;
        let mut http = http(&way.edge).timeout(ATTEMPT);
        if matches!(way.account, Account::Operator(_)) {
            // Its proof goes where it was meant to go, and nowhere else.
            http = http.redirect(Policy::none());
        }
        Ok(Self {
            http: http.build()?,
            edge: way.edge,
            account: way.account,
            token: Mutex::new(None),
            patience: Duration::from_secs(door.patience),
            hint: way.hint,
        })
    }

    /// The edge that it speaks to.
    pub(crate) fn edge(&self) -> &Url {
        &self.edge
    }

    /// A GET of the path made of these segments, which are escaped.
    pub(crate) fn get<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Call {
        self.call(Method::GET, segments)
    }

    pub(crate) fn post<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Call {
        self.call(Method::POST, segments)
    }

    fn call<'a>(&self, method: Method, segments: impl IntoIterator<Item = &'a str>) -> Call {
        Call {
            method,
            url: within(&self.edge, segments),
            body: None,
            idempotency_key: None,
        }
    }

    /// Every item of a list, page after page (AIP-158). `plural` is the list's name in the reply. A list
    /// without a `page_size` has pages as they come.
    pub(crate) async fn list(
        &self,
        path: &[&str],
        filter: &[(&str, &str)],
        plural: &str,
        page_size: Option<u32>,
    ) -> Result<Vec<Value>, Failure> {
        let mut items = Vec::new();
        let mut page_token = String::new();
        loop {
            let mut call = self.get(path.iter().copied());
            if let Some(size) = page_size {
                call = call.query("pageSize", &size.to_string());
            }
            let call = filter
                .iter()
                .fold(call, |call, (name, value)| call.query(name, value));
            let mut page = self.send(call.query("pageToken", &page_token)).await?;
            if let Value::Array(more) = page[plural].take() {
                items.extend(more);
            }
            match page["nextPageToken"].as_str() {
                Some(next) if !next.is_empty() => page_token = next.to_owned(),
                _ => return Ok(items),
            }
        }
    }

    /// Sends a request as the client's account and returns the JSON of its reply.
    pub(crate) async fn send(&self, call: Call) -> Result<Value, Failure> {
        let outcome = self.send_signed_in(&call).await;
        outcome.map_err(|failure| self.explain(failure))
    }

    /// The account's access token; none for a client without an account.
    pub(crate) async fn access_token(&self) -> Result<Option<String>, Failure> {
        let outcome = self.sign_in().await;
        outcome.map_err(|failure| self.explain(failure))
    }

    /// Where edge or account were guessed, a failure may say that the guess was wrong.
    fn explain(&self, mut failure: Failure) -> Failure {
        let wrong_place = matches!(failure.status, None | Some(StatusCode::UNAUTHORIZED));
        if let Some(hint) = self.hint.as_ref().filter(|_| wrong_place) {
            failure.message = format!("{}; {hint}", failure.message);
        }
        failure
    }

    async fn send_signed_in(&self, call: &Call) -> Result<Value, Failure> {
        let mut signed_in_again = false;
        loop {
            let token = self.sign_in().await?;
            match self.patiently(call, token.as_deref()).await {
                Err(failure)
                    if failure.status == Some(StatusCode::UNAUTHORIZED) && !signed_in_again =>
                {
                    // The access token has expired.
                    signed_in_again = true;
                    *self.token() = None;
                }
                outcome => return outcome,
            }
        }
    }

    async fn sign_in(&self) -> Result<Option<String>, Failure> {
        if let Some(token) = self.token().clone() {
            return Ok(Some(token));
        }
        let login = match &self.account {
            Account::Password(credentials) => self
                .post(["v1", "auth", "login"])
                .body(json!({"email": credentials.email, "password": credentials.password})),
            Account::Token(token) => return Ok(Some(token.clone())),
            Account::Operator(signer) => self
                .post(["v1", "auth", "login:operator"])
                .body(json!({"clientAssertion": operator::assertion(signer)})),
        };
        let session = self.patiently(&login, None).await?;
        if session["secondFactorRequired"] == true {
            return Err(Failure::contradiction(
                "the account has a second factor, which no command can give: use a personal access \
                 token of it (--access-token, TRADEWIND_ACCESS_TOKEN; docs/ACCOUNTS.md)",
            ));
        }
        let token = session["accessToken"].as_str().map(str::to_owned);
        self.token().clone_from(&token);
        Ok(token)
    }

    fn token(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.token
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    async fn patiently(&self, call: &Call, token: Option<&str>) -> Result<Value, Failure> {
        let start = Instant::now();
        let mut backoff = BACKOFF;
        loop {
            let failure = match self.once(call, token).await {
                Err(failure) if failure.may_pass() => failure,
                outcome => return outcome,
            };
            let pause = backoff.pause();
            let wait = failure.retry_after.unwrap_or(pause);
            if start.elapsed() + wait > self.patience {
                return Err(failure);
            }
            sleep(wait).await;
        }
    }

    async fn once(&self, call: &Call, token: Option<&str>) -> Result<Value, Failure> {
        let mut request = self.http.request(call.method.clone(), call.url.clone());
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        if let Some(key) = &call.idempotency_key {
            request = request.header("idempotency-key", key);
        }
        let response = request
            .send()
            .await
            .map_err(|error| Failure::of_transport(&error))?;
        if !response.status().is_success() {
            return Err(Failure::of_response(response).await);
        }
        json_of(response).await
    }
}

async fn json_of(response: Response) -> Result<Value, Failure> {
    let bytes = response
        .bytes()
        .await
        .map_err(|error| Failure::of_transport(&error))?;
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&bytes)
        .map_err(|error| Failure::contradiction(&format!("the reply is no JSON: {error}")))
}

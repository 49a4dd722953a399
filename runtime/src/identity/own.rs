//! This workload's own token: fetched with its key, renewed at half of its life.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use contracts::tradewind::auth::v1::IssueWorkloadTokenRequest;
use contracts::tradewind::auth::v1::auth_service_client::AuthServiceClient;
use http::HeaderValue;
use net::backoff::Backoff;
use net::clock::Clock;
use net::random::Random;
use net::readiness::Gate;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::claims::{AssertionClaims, Issuer, WorkloadClaims};
use super::keys::Signer;
use crate::client::Channel;
use crate::status::Problem;

/// How long a token lives that svc-auth signs for itself.
const OWN_LIFE: Duration = Duration::from_secs(3600);
/// How long an assertion lives (RFC 7523 leaves it to us).
const ASSERTION_LIFE: Duration = Duration::from_secs(60);
const FIRST_RETRY: Duration = Duration::from_millis(20);
const BACKOFF: Backoff = Backoff::new(FIRST_RETRY, Duration::from_secs(5));

#[derive(Clone)]
pub(crate) struct OwnToken(Arc<Inner>);

struct Inner {
    name: &'static str,
    issuer: Issuer,
    clock: Clock,
    random: Random,
    credential: Mutex<Credential>,
    changed: Notify,
    state: watch::Sender<State>,
}

#[derive(Clone)]
enum Credential {
    None,
    /// Proves the workload to svc-auth.
    Key(Signer),
    /// Signs tokens itself.
    Authority(Signer),
}

#[derive(Clone, Default)]
enum State {
    #[default]
    Pending,
    Token {
        header: HeaderValue,
        expires: i64,
    },
    Failed(String),
}

impl OwnToken {
    pub(crate) fn new(
        name: &'static str,
        issuer: Issuer,
        key: Option<Signer>,
        clock: Clock,
        random: Random,
    ) -> OwnToken {
        let credential = Mutex::new(key.map_or(Credential::None, Credential::Key));
        let state = watch::channel(State::Pending).0;
        let changed = Notify::new();
        OwnToken(Arc::new(Inner {
            name,
            issuer,
            clock,
            random,
            credential,
            changed,
            state,
        }))
    }

    pub(crate) fn set_signer(&self, signer: Signer) {
        self.sign_own(&signer);
        *self
            .0
            .credential
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner()) = Credential::Authority(signer);
        self.0.changed.notify_one();
    }

    fn credential(&self) -> Credential {
        self.0
            .credential
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .clone()
    }

    /// Whether there is a key that can fetch a token.
    pub(crate) fn has_key(&self) -> bool {
        matches!(self.credential(), Credential::Key(_))
    }

    pub(crate) fn token_now(&self) -> Option<HeaderValue> {
        match &*self.0.state.borrow() {
            State::Token { header, expires } if *expires > self.0.clock.now().timestamp() => {
                Some(header.clone())
            }
            _ => None,
        }
    }

    pub(crate) async fn token(&self) -> Result<Option<HeaderValue>, Status> {
        if let Some(header) = self.token_now() {
            return Ok(Some(header));
        }
        if matches!(self.credential(), Credential::None) {
            return Ok(None);
        }
        // It is over where a machine slept: the time of day went on, and what renews it did not.
        self.0.changed.notify_one();
        let is_settled = |state: &State| match state {
            State::Pending => false,
            State::Token { expires, .. } => *expires > self.0.clock.now().timestamp(),
            State::Failed(_) => true,
        };
        let mut state = self.0.state.subscribe();
        // It cannot fail: `self` keeps the sender.
        let _ = state.wait_for(is_settled).await;
        match &*self.0.state.borrow() {
            State::Token { header, .. } => Ok(Some(header.clone())),
            State::Failed(why) => {
                tracing::debug!(why, "without a workload token");
                Err(Problem::unavailable("svc-auth").into())
            }
            State::Pending => Err(Problem::unavailable("svc-auth").into()),
        }
    }

    /// Fetches and renews until the shutdown. The gate goes with the first token. `authority` is
    /// asked for svc-auth until its address is known.
    pub(crate) async fn run(
        &self,
        authority: impl Fn() -> Option<Channel>,
        mut gate: Option<Gate>,
        shutdown: CancellationToken,
    ) {
        let mut backoff = BACKOFF;
        let mut channel = None;
        while !shutdown.is_cancelled() {
            channel = channel.or_else(&authority);
            let pause = match self.renew(channel.as_ref()).await {
                Err(status) if channel.is_none() => {
                    if let Some(gate) = &gate {
                        gate.set(status.message());
                    }
                    FIRST_RETRY
                }
                Ok(life) => {
                    gate = None;
                    backoff.reset();
                    life / 2
                }
                Err(status) => {
                    let why = status.message();
                    tracing::warn!(workload = self.0.name, why, "no workload token yet");
                    if let Some(gate) = &gate {
                        gate.set(why);
                    }
                    if self.token_now().is_none() {
                        self.0.state.send_replace(State::Failed(why.to_owned()));
                    }
                    backoff.pause()
                }
            };
            tokio::select! {
                biased;
                () = tokio::time::sleep(pause) => {}
                () = self.0.changed.notified() => {}
                () = shutdown.cancelled() => {}
            }
        }
    }

    /// Gets a new token; says how long it lives.
    async fn renew(&self, authority: Option<&Channel>) -> Result<Duration, Status> {
        match (self.credential(), authority) {
            (Credential::Authority(signer), _) => {
                self.sign_own(&signer);
                Ok(OWN_LIFE)
            }
            (Credential::Key(signer), Some(authority)) => {
                let asked = self.0.clock.now();
                let client_assertion = self.assertion(&signer);
                let reply = AuthServiceClient::new(authority.clone())
                    .issue_workload_token(IssueWorkloadTokenRequest { client_assertion })
                    .await?
                    .into_inner();
                let life = Duration::from_secs(reply.expires_in.max(2) as u64);
                self.set_token(&reply.workload_token, asked + life);
                Ok(life)
            }
            (Credential::Key(_), None) => {
                Err(Status::unavailable("no address of svc-auth is known"))
            }
            (Credential::None, _) => Ok(OWN_LIFE),
        }
    }

    fn set_token(&self, token: &str, expires: DateTime<Utc>) {
        let expires = expires.timestamp();
        let state = match HeaderValue::try_from(format!("Bearer {token}")) {
            Ok(mut header) => {
                header.set_sensitive(true);
                State::Token { header, expires }
            }
            Err(_) => State::Failed("svc-auth gave a token that is no header value".into()),
        };
        self.0.state.send_replace(state);
    }

    /// svc-auth needs nobody for a token of its own.
    fn sign_own(&self, signer: &Signer) {
        let now = self.0.clock.now();
        let expires = now + OWN_LIFE;
        let token = signer.sign(&WorkloadClaims {
            iss: self.0.issuer.name.to_string(),
            aud: self.0.issuer.audience.to_string(),
            sub: self.0.name.to_owned(),
            iat: now.timestamp(),
            exp: expires.timestamp(),
        });
        self.set_token(&token, expires);
    }

    fn assertion(&self, signer: &Signer) -> String {
        let now = self.0.clock.now();
        signer.sign(&AssertionClaims {
            iss: self.0.name.to_owned(),
            sub: self.0.name.to_owned(),
            aud: self.0.issuer.audience.to_string(),
            iat: now.timestamp(),
            exp: (now + ASSERTION_LIFE).timestamp(),
            jti: self.0.random.uuid7(&self.0.clock),
        })
    }
}

impl fmt::Debug for OwnToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnToken")
            .field("workload", &self.0.name)
            .finish_non_exhaustive()
    }
}

//! The call in progress: who calls, how long there is time, and what goes along to the next hop.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use net::etag::Preconditions;
use net::telemetry::{Message, Trace};
use tokio::time::Instant;
use tonic::{Code, Status};
use tracing::Span;
use uuid::Uuid;

use crate::contract::{Method, RequestHash};
use crate::status::{Problem, Reason};

tokio::task_local! {
    static CURRENT: CallContext;
}

/// What is known of the call in progress. The server stack makes it, handlers read it, and the
/// client stack sends on what the next hop has to know.
#[derive(Clone, Debug)]
pub struct CallContext {
    /// When the caller stops waiting.
    pub deadline: Option<Instant>,
    /// Who calls, as far as it was proved.
    pub caller: Caller,
    /// What the contract says of the method that is called; none of work in the background.
    pub method: Option<Arc<Method>>,
    /// Names the request through all of its hops.
    pub request_id: Arc<str>,
    /// The caller's key for having the effect once.
    pub idempotency_key: Option<Arc<str>>,
    /// Tells the request from others with the same key, where the contract has the effect once.
    pub request_hash: Option<RequestHash>,
    /// What the caller asks of the resource as it stands. It does not go along to the next hop,
    /// whose resource is another.
    pub preconditions: Option<Arc<Preconditions>>,
    /// The address of the client outside of the mesh, as the edge saw it.
    pub client_address: Option<IpAddr>,
    /// The user agent of the client.
    pub user_agent: Option<Arc<str>>,
    /// The user's access token, for the next hop.
    pub user_token: Option<Token>,
    /// The trace that new work belongs to.
    pub trace: Trace,
    /// The span that names it in log lines.
    pub span: Span,
}

impl CallContext {
    /// The context of a request that a handler was given.
    pub fn of<T>(request: &tonic::Request<T>) -> CallContext {
        request
            .extensions()
            .get::<CallContext>()
            .cloned()
            .or_else(CallContext::current)
            .unwrap_or_else(|| CallContext::background("unserved"))
    }

    /// The context of the task that asks, if it works for a call.
    pub fn current() -> Option<CallContext> {
        CURRENT.try_with(CallContext::clone).ok()
    }

    /// The trace of the call in progress as pairs, for an event; none outside of a call.
    #[must_use]
    pub fn current_trace() -> Vec<(String, String)> {
        CallContext::current().map_or_else(Vec::new, |call| call.trace.pairs())
    }

    /// A context for loops and for consumers of events: the workload acts for itself, without a
    /// deadline.
    pub fn background(name: &str) -> CallContext {
        static SEQUENCE: AtomicU64 = AtomicU64::new(1);
        let number = SEQUENCE.fetch_add(1, Ordering::Relaxed);
        CallContext {
            deadline: None,
            caller: Caller::default(),
            method: None,
            request_id: format!("{name}-{number}").into(),
            idempotency_key: None,
            request_hash: None,
            preconditions: None,
            client_address: None,
            user_agent: None,
            user_token: None,
            trace: Trace::unrecorded(),
            span: Span::current(),
        }
    }

    /// The same with a deadline, or with an earlier one.
    pub fn with_deadline(mut self, deadline: Instant) -> CallContext {
        self.deadline = Some(self.deadline.map_or(deadline, |own| own.min(deadline)));
        self
    }

    /// The same in a span of its own, in the trace of an event that a group processes.
    pub fn processing(mut self, event: &Message<'_>, group: &str) -> CallContext {
        (self.span, self.trace) = event.process(group);
        self
    }

    /// Runs `future` as a part of this call.
    pub fn scope<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        use tracing::Instrument as _;
        CURRENT.scope(self.clone(), future.instrument(self.span.clone()))
    }

    /// As `scope`, for the server stack, which has entered the span already.
    pub(crate) fn scope_only<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, future)
    }
}

/// A token as it travels. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Arc<str>);

impl From<&str> for Token {
    fn from(token: &str) -> Token {
        Token(token.into())
    }
}

impl From<String> for Token {
    fn from(token: String) -> Token {
        Token(token.into())
    }
}

impl Token {
    /// `exp` of an access token, which is not verified here.
    pub fn expire_time(&self) -> Option<DateTime<Utc>> {
        #[derive(serde::Deserialize)]
        struct Expiry {
            exp: i64,
        }
        let claims = URL_SAFE_NO_PAD.decode(self.split('.').nth(1)?).ok()?;
        let Expiry { exp } = serde_json::from_slice(&claims).ok()?;
        DateTime::from_timestamp(exp, 0)
    }
}

impl Deref for Token {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Who calls, as far as it was proved by tokens.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Caller {
    /// The user who calls, or on whose behalf a workload calls.
    pub user: Option<User>,
    /// The workload that calls.
    pub workload: Option<Arc<str>>,
}

impl Caller {
    /// A workload that acts for itself, such as the source of an event.
    pub fn of_workload(name: &str) -> Caller {
        Caller {
            user: None,
            workload: Some(name.into()),
        }
    }

    /// For audit records: `user:<id>`, `workload:<name>` or `anonymous`.
    pub fn actor(&self) -> String {
        match (&self.user, &self.workload) {
            (Some(user), _) => format!("user:{}", user.id),
            (None, Some(workload)) => format!("workload:{workload}"),
            (None, None) => "anonymous".into(),
        }
    }

    /// The user, or UNAUTHENTICATED.
    pub fn user(&self) -> Result<&User, Status> {
        self.user.as_ref().ok_or_else(|| {
            Problem::new(
                Reason::TokenMissing,
                Code::Unauthenticated,
                "a user's token is needed",
            )
            .into()
        })
    }

    /// Whether a user with the role `admin` calls.
    pub fn is_admin(&self) -> bool {
        self.user
            .as_ref()
            .is_some_and(|user| user.has_role("admin"))
    }

    /// Whether they may see what belongs to `owner`: users their own, administrators all.
    pub fn may_see(&self, owner: Uuid) -> bool {
        self.is_admin() || self.user.as_ref().is_some_and(|user| user.id == owner)
    }
}

/// A user, by an access token.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// Id of the account.
    pub id: Uuid,
    /// Id of the session that the token belongs to, or what stands for one behind a personal access
    /// token.
    pub session_id: Uuid,
    /// Roles of the account.
    pub roles: Arc<[String]>,
    /// Whether a personal access token proves it, not a session: it may call what is for scripts.
    pub is_script: bool,
}

impl User {
    /// Whether the account holds the role.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|held| held == role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expiry_is_read_from_the_token() {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"exp":1700000000,"sub":"x"}"#);
        let token = Token::from(format!("e30.{claims}.c2ln"));
        let expires = token.expire_time().expect("it says so");
        assert_eq!(expires.timestamp(), 1_700_000_000);
        assert_eq!(Token::from("nothing").expire_time(), None);
    }

    #[test]
    fn a_call_can_be_printed_without_its_token() {
        let call = CallContext {
            user_token: Some("eyJhbGciOi".into()),
            ..CallContext::background("test")
        };
        let printed = format!("{call:?}");
        assert!(!printed.contains("eyJ"), "{printed}");
    }
}

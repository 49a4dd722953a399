//! A method of the contract.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use contract_rules::{Rules, Size};
use prost::Message as _;
use prost_reflect::DynamicMessage;

use super::request::Request;

/// A method and what holds for it.
#[derive(Debug)]
pub struct Method {
    /// The path of its calls: `/tradewind.orders.v1.OrdersService/CreateOrder`.
    pub path: Arc<str>,
    /// The path without its leading slash, as traces and metrics name the method.
    pub name: Arc<str>,
    /// Who may call it; none if the contract does not say.
    pub access: Option<Access>,
    /// Whether a public method is told which user calls, if a token says so.
    pub optional_user: bool,
    /// What is shed first.
    pub priority: Priority,
    /// Whether a second call does harm.
    pub idempotency: Idempotency,
    /// Whether it holds to `if-match` and `if-none-match`.
    pub conditional: bool,
    /// How long a reply may be kept on its way; none if not at all.
    pub cache: Option<Cache>,
    /// Whether other people's machines call it, which are counted apart.
    pub for_machines: bool,
    /// Whether the reply has a field that is never stored.
    pub sensitive_reply: bool,
    /// Whether the client sends a stream.
    pub client_streaming: bool,
    /// Whether the server sends a stream.
    pub server_streaming: bool,
    /// What it is asked by; none for health and reflection.
    pub request: Option<Request>,
}

impl Method {
    /// The rules of its requests' fields, if there are any that can be checked.
    pub fn rules(&self) -> Option<&Rules> {
        self.request.as_ref()?.rules().ok()
    }

    /// The most bytes of a request; none if the contract does not tell.
    pub fn largest(&self) -> Option<Size> {
        self.request.as_ref()?.largest()
    }

    /// Why it cannot be served.
    pub(super) fn mistakes(&self) -> Vec<String> {
        let path = &self.path;
        let nobody = self
            .access
            .is_none()
            .then(|| format!("{path} says nothing about access (tradewind.options.v1)"));
        let rules = self.request.as_ref().map(Request::rules);
        let unsupported = rules.and_then(Result::err).unwrap_or_default();
        let unsupported = unsupported.iter().map(|why| format!("{path}: {why}"));
        nobody.into_iter().chain(unsupported).collect()
    }

    /// Whether the contract calls the method safe to repeat without an idempotency key.
    pub fn is_repeatable(&self) -> bool {
        self.idempotency != Idempotency::Unknown
    }

    /// Whether a caller may send an idempotency key: a second call would do harm, and the reply can
    /// be kept to be given again.
    pub fn takes_idempotency_key(&self) -> bool {
        !self.is_repeatable() && !self.sensitive_reply
    }

    /// Whether its calls must have their effect once for a key. A stream has no one answer to keep.
    pub fn has_effect_once(&self) -> bool {
        self.takes_idempotency_key() && !self.is_streaming()
    }

    /// Whether its calls run to their end although the client hangs up or its deadline passes: they
    /// change something, and half of a change is worse than all of it.
    pub fn runs_to_its_end(&self) -> bool {
        self.idempotency != Idempotency::NoSideEffects && !self.is_streaming()
    }

    /// What tells a request from others: of its message with the fields in the order of their
    /// numbers, since clients write them in any. `None` of what is no message of the method.
    pub(crate) fn hash(&self, message: &[u8]) -> Option<RequestHash> {
        let message =
            DynamicMessage::decode(self.request.as_ref()?.message().clone(), message).ok()?;
        let hash = digest(&SHA256, &message.encode_to_vec());
        hash.as_ref().try_into().ok()
    }

    /// Whether either side sends a stream.
    pub fn is_streaming(&self) -> bool {
        self.client_streaming || self.server_streaming
    }
}

/// SHA-256 of a request.
pub type RequestHash = [u8; 32];

/// How long a reply may be kept (RFC 9111).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cache {
    /// Seconds that it stays fresh.
    pub max_age: u32,
    /// Whether what is kept may be given to others.
    pub public: bool,
}

/// Who may call a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Anybody with a valid token, of a user or of a workload.
    AnyToken,
    /// A user with one of the roles, or one of the workloads; `*` is any workload.
    Alternatives {
        /// Roles of users.
        roles: Vec<String>,
        /// Names of workloads.
        workloads: Vec<String>,
        /// Whether users may prove themselves by a personal access token too.
        for_scripts: bool,
    },
}

/// How long a method is kept alive under overload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Shed first.
    Low,
    /// The default.
    Normal,
    /// Shed last.
    High,
}

/// The standard `idempotency_level` of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idempotency {
    /// Nothing is said: a second call may do harm.
    Unknown,
    /// It only reads.
    NoSideEffects,
    /// A second call changes nothing more.
    Idempotent,
}

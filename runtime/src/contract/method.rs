//! A method of the contract.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use contract_rules::Rules;
use prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor};

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
    /// Whether the reply has a field that is never stored.
    pub sensitive_reply: bool,
    /// Whether the client sends a stream.
    pub client_streaming: bool,
    /// Whether the server sends a stream.
    pub server_streaming: bool,
    /// The request's message; none for health and reflection.
    pub request: Option<MessageDescriptor>,
    /// The rules of the request's fields; none for health and reflection.
    pub rules: Option<Arc<Rules>>,
    /// The most bytes of a request message that the rules allow, with room to spare; none if they do
    /// not tell ([`Rules::largest`]).
    pub max_request_bytes: Option<usize>,
    /// The same of a request as JSON.
    pub max_request_json: Option<usize>,
}

impl Method {
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
        let message = DynamicMessage::decode(self.request.clone()?, message).ok()?;
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

//! What is known of a method beside its messages and routes.

use std::fmt;
use std::sync::Arc;

use http::StatusCode;
use transcoder::openapi::Visibility;
use transcoder::prost_reflect::MethodDescriptor;
use transcoder::prost_reflect::prost_types::method_options::IdempotencyLevel;

use crate::guard::Guard;

/// What is known of a method beside its messages and routes.
#[derive(Clone)]
pub struct Method {
    /// The upstream that has it, by name.
    pub upstream: String,
    /// Who may call it; anybody, if nobody guards it.
    pub guard: Option<Arc<dyn Guard>>,
    /// The same, as OpenAPI tells it.
    pub visibility: Visibility,
    /// Also without a route it is served by its name.
    pub is_served_by_name: bool,
    /// The HTTP status of its success.
    pub success: StatusCode,
    /// What a second call does.
    pub idempotency: Idempotency,
    /// It has its effect once for one `idempotency-key`.
    pub takes_idempotency_key: bool,
    /// It holds to `if-match` and `if-none-match`.
    pub is_conditional: bool,
    /// Other people's machines call it, which are counted apart from an address's other requests.
    pub is_for_machines: bool,
    /// How long a reply may be kept on its way; none if not at all.
    pub cache: Option<Cache>,
    /// The most bytes of its request, if they are known.
    pub largest: Largest,
}

/// What is known of a method; `None` if it is not open to clients.
pub type MethodOf = dyn Fn(&MethodDescriptor) -> Option<Method> + Send + Sync;

/// What a second call does (`google.protobuf.MethodOptions.IdempotencyLevel`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idempotency {
    /// Nothing is said: it may do harm.
    Unknown,
    /// The method only reads.
    NoSideEffects,
    /// Nothing more than the first.
    Idempotent,
}

/// How long a reply may be kept (RFC 9111).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cache {
    /// Seconds that it stays fresh.
    pub max_age: u32,
    /// Whether what is kept may be given to others.
    pub public: bool,
}

/// The most bytes of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Largest {
    /// On the wire.
    pub wire: Option<usize>,
    /// As JSON.
    pub json: Option<usize>,
}

impl Method {
    /// A method that is open to anybody, by what its descriptor says.
    pub fn new(upstream: impl Into<String>, descriptor: &MethodDescriptor) -> Self {
        let idempotency = Idempotency::of(descriptor);
        Self {
            upstream: upstream.into(),
            guard: None,
            visibility: Visibility::Public,
            is_served_by_name: true,
            success: StatusCode::OK,
            idempotency,
            takes_idempotency_key: idempotency == Idempotency::Unknown,
            is_conditional: false,
            is_for_machines: false,
            cache: None,
            largest: Largest::default(),
        }
    }

    /// Whether a second call does no harm.
    pub(crate) fn is_repeatable(&self) -> bool {
        self.idempotency != Idempotency::Unknown
    }
}

impl Idempotency {
    /// As the descriptor has it.
    pub fn of(descriptor: &MethodDescriptor) -> Self {
        let options = descriptor.method_descriptor_proto().options.as_ref();
        match options.map(|options| options.idempotency_level()) {
            Some(IdempotencyLevel::NoSideEffects) => Self::NoSideEffects,
            Some(IdempotencyLevel::Idempotent) => Self::Idempotent,
            Some(IdempotencyLevel::IdempotencyUnknown) | None => Self::Unknown,
        }
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Method")
            .field("upstream", &self.upstream)
            .field("is_guarded", &self.guard.is_some())
            .field("idempotency", &self.idempotency)
            .finish_non_exhaustive()
    }
}

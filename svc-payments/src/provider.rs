//! The seam between payments and whoever holds the money.
//!
//! What the provider's object says is the truth: every reply and every look gives what it says at
//! that moment, and the domain brings the payment to it. An event of the provider's that tells
//! anything new is a hint to look, and so is an outcome that is not known.

pub(crate) mod sandbox;
mod signature;
mod stripe;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use money::{Currency, Money};
use secrecy::SecretString;
use uuid::Uuid;

pub(crate) use self::stripe::Stripe;
pub use self::stripe::StripeConfig;
use crate::domain::snapshot::{Intent, ProviderRefund, Snapshot, Standing};

/// A provider that can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ProviderName {
    /// Built in: it behaves like a provider, and no money moves.
    Sandbox,
    /// Stripe.
    Stripe,
}

/// The code of a refusal to confirm: the provider knows no such token.
pub(crate) const UNKNOWN_TOKEN: &str = "unknown_token";

/// What a provider answers.
pub(crate) type Answer<'a, T> = BoxFuture<'a, Result<T, Failure>>;

/// Why a provider did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Definite: nothing happened, and nothing will under this key.
    #[error("refused ({code}): {message}")]
    Refused {
        /// The provider's word for it; [`UNKNOWN_TOKEN`] for a token that it does not know.
        code: String,
        /// What it says, for people.
        message: String,
    },
    /// It is not known whether something happened: no answer, a broken connection, a 5xx, too many
    /// requests, another one under the same key in progress.
    #[error("the outcome is unknown: {0}")]
    Unknown(String),
}

/// What an object is made of.
#[derive(Clone, Debug)]
pub(crate) struct NewIntent {
    /// Told to the provider, so that what it tells can be matched.
    pub(crate) payment_id: Uuid,
    /// For people who look at the provider's pages.
    pub(crate) order_id: Uuid,
    /// What is to be paid.
    pub(crate) amount: Money,
}

/// Something that the buyer has to do.
#[derive(Clone, Debug)]
pub(crate) struct Action {
    /// A page to send the buyer to; empty where the provider's own script does it.
    pub(crate) redirect_url: SecretString,
    /// What the provider's own script is told; may be empty.
    pub(crate) client_secret: SecretString,
}

/// An object of the provider's, in a list of all.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    /// The object.
    pub(crate) intent: Intent,
    /// What was given back of it, in minor units.
    pub(crate) refunded: i64,
}

/// Something that a provider told, with a signature that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProviderEvent {
    /// The provider's id of the event; told twice, it is the same.
    pub(crate) event_id: String,
    /// What happened, in the provider's words.
    pub(crate) kind: String,
    /// The payment that it is about, as the provider was told.
    pub(crate) payment_id: Option<Uuid>,
    /// The provider's object that it is about.
    pub(crate) provider_ref: Option<String>,
    /// How the object stands, if the event says so.
    pub(crate) standing: Option<Standing>,
}

/// Why something is no event of a provider's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EventError {
    /// There is no signature, or it is wrong, old, or of the future.
    #[error("the signature does not hold")]
    SignatureInvalid,
    /// It is signed, and makes no sense.
    #[error("it cannot be read")]
    Malformed,
}

/// Whoever holds the money.
///
/// `key` is the idempotency key of a call: asked again under it, the provider does not do it again.
/// `confirm`, `capture` and `cancel` are guarded by the state of the object besides, and refunds are
/// found by the refund's id.
pub(crate) trait Provider: Send + Sync {
    /// As payments and the path of its events name it: `sandbox`.
    fn name(&self) -> &'static str;

    /// Whether it takes money of this currency.
    fn takes(&self, currency: Currency) -> bool;

    /// Makes an object; no money moves.
    fn create<'a>(&'a self, key: &'a str, intent: &'a NewIntent) -> Answer<'a, Intent>;

    /// Holds money back by a means of payment. A refusal of that is an [`Intent`] that is Declined.
    fn confirm<'a>(
        &'a self,
        key: &'a str,
        provider_ref: &'a str,
        token: &'a SecretString,
        return_url: Option<&'a str>,
    ) -> Answer<'a, Intent>;

    /// Takes money that is held back, and gives the rest of the hold back.
    fn capture<'a>(
        &'a self,
        key: &'a str,
        provider_ref: &'a str,
        amount: Money,
    ) -> Answer<'a, Intent>;

    /// Gives a hold back, and takes none from then on.
    fn cancel<'a>(&'a self, key: &'a str, provider_ref: &'a str) -> Answer<'a, Intent>;

    /// Gives captured money back.
    fn refund<'a>(
        &'a self,
        key: &'a str,
        provider_ref: &'a str,
        refund_id: Uuid,
        amount: Money,
    ) -> Answer<'a, ProviderRefund>;

    /// The object as it stands now, its refunds and its disputes.
    fn look<'a>(&'a self, provider_ref: &'a str) -> Answer<'a, Snapshot>;

    /// What the buyer has to do now, if anything. It is kept nowhere.
    fn action<'a>(&'a self, provider_ref: &'a str) -> Answer<'a, Option<Action>>;

    /// A page of the objects, the newest first, and the token of the next page.
    fn list<'a>(
        &'a self,
        page: Option<&'a str>,
        create_after: Option<DateTime<Utc>>,
    ) -> Answer<'a, (Vec<Listed>, Option<String>)>;

    /// Reads what was sent as an event, if its signature over the raw bytes holds. It asks nobody.
    ///
    /// # Errors
    /// [`EventError`].
    fn event<'h>(
        &self,
        header: &dyn Fn(&str) -> Option<&'h str>,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<ProviderEvent, EventError>;
}

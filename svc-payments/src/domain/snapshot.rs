//! What a provider's object says at one moment.

use chrono::{DateTime, Utc};
use money::Currency;
use uuid::Uuid;

use super::operation::Unknown;
use super::state::State;

/// A payment as its provider knows it, with all that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The payment itself.
    pub intent: Intent,
    /// What was given back of it, or is on its way.
    pub refunds: Vec<ProviderRefund>,
    /// What the buyer disputes of it.
    pub disputes: Vec<ProviderDispute>,
}

/// The provider's object for a payment. Amounts are minor units of its currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The provider's id of it.
    pub provider_ref: String,
    /// The payment that it was made for, as the provider was told.
    pub payment_id: Option<Uuid>,
    /// Where it stands.
    pub status: IntentStatus,
    /// What it is counted in.
    pub currency: Currency,
    /// What is to be paid.
    pub amount: i64,
    /// What is held back at this moment, and can be captured.
    pub held: i64,
    /// What was captured; refunds do not lessen it.
    pub captured: i64,
    /// When the hold ends by itself, if the provider says so.
    pub capture_before: Option<DateTime<Utc>>,
    /// When it was made.
    pub create_time: DateTime<Utc>,
}

/// How a provider tells that its object stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Where.
    pub status: IntentStatus,
    /// What is held back, in minor units.
    pub held: i64,
    /// What was captured.
    pub captured: i64,
}

impl From<Intent> for Standing {
    fn from(intent: Intent) -> Standing {
        Standing {
            status: intent.status,
            held: intent.held,
            captured: intent.captured,
        }
    }
}

impl Standing {
    /// The state of a payment that has nothing to learn of this, if it has the same amounts.
    #[must_use]
    pub fn known_as(&self) -> Option<State> {
        match self.status {
            IntentStatus::Held => Some(State::Authorized),
            IntentStatus::Captured => Some(State::Captured),
            _ => None,
        }
    }
}

/// Where a provider's object stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IntentStatus {
    /// Made, and no means of payment was used for it.
    Unconfirmed,
    /// The provider does not know yet.
    Processing,
    /// The buyer has to do something.
    RequiresAction,
    /// Money is held back.
    Held,
    /// The means of payment was refused, for this reason of the provider's.
    Declined {
        /// Such as `insufficient_funds`.
        code: String,
    },
    /// It was given up, by us or by the provider: nothing is held.
    Canceled,
    /// Money was taken.
    Captured,
}

/// Money that the provider gives back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderRefund {
    /// The provider's id of it.
    pub provider_ref: String,
    /// The refund that it is, as the provider was told.
    pub refund_id: Option<Uuid>,
    /// How much.
    pub amount: i64,
    /// Where it stands.
    pub status: RefundStatus,
}

/// Where a provider's refund stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundStatus {
    /// On its way.
    Pending,
    /// Done.
    Succeeded,
    /// It came back: the money stays where it was.
    Failed {
        /// Why, in the provider's words.
        code: String,
    },
}

/// A payment that the buyer disputes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderDispute {
    /// The provider's id of it.
    pub provider_ref: String,
    /// How much of the payment.
    pub amount: i64,
    /// The bank's reason.
    pub reason: String,
    /// Where it stands.
    pub status: DisputeStatus,
    /// Until when evidence can be given.
    pub evidence_due_time: Option<DateTime<Utc>>,
    /// When it was opened.
    pub create_time: DateTime<Utc>,
}

/// Where a dispute stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisputeStatus {
    /// The bank has not decided.
    Open,
    /// Decided for the shop.
    Won,
    /// Decided for the buyer.
    Lost,
}

impl DisputeStatus {
    /// Every one.
    pub const ALL: [DisputeStatus; 3] =
        [DisputeStatus::Open, DisputeStatus::Won, DisputeStatus::Lost];

    /// Its name, as in the contract without its prefix and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            DisputeStatus::Open => "OPEN",
            DisputeStatus::Won => "WON",
            DisputeStatus::Lost => "LOST",
        }
    }
}

impl TryFrom<String> for DisputeStatus {
    type Error = Unknown;

    fn try_from(name: String) -> Result<DisputeStatus, Unknown> {
        let mut all = DisputeStatus::ALL.into_iter();
        all.find(|status| status.as_str() == name)
            .ok_or(Unknown(name))
    }
}

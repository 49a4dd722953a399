//! What is asked of the provider, and what is heard of it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use thiserror::Error;
use uuid::Uuid;

/// What an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The payment is made known to the provider; no money moves.
    Create,
    /// The hold is asked for.
    Confirm,
    /// Money is taken.
    Capture,
    /// The hold is given back.
    Cancel,
    /// Money is given back.
    Refund,
    /// Heard: the hold ended by itself.
    Lapse,
    /// Heard: the buyer disputes the payment, or a dispute ended.
    Dispute,
    /// Heard: money moved that nobody here asked for.
    Adjustment,
}

/// Where an operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperationState {
    /// Not sent; or it was, and the provider's object shows that it did not happen.
    Planned,
    /// Sent, or about to be: its outcome is not known.
    Sent,
    /// Done.
    Succeeded,
    /// Definitely not done.
    Refused,
}

/// Something that is asked of the provider, or was heard of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Operation {
    /// Its id.
    pub id: Uuid,
    /// Its place among those of its payment, from 1.
    pub number: i64,
    /// What.
    pub kind: Kind,
    /// What the caller knows it by: the shipment of a capture, the id of a refund.
    pub request_id: Option<Uuid>,
    /// How much, in minor units; 0 where nothing moves.
    pub amount: i64,
    /// Why, as the caller said.
    pub reason: String,
    /// 1 for the first time, and one more after each definite refusal.
    pub attempt: i32,
    /// Where it stands.
    pub state: OperationState,
    /// The provider's id of what came of it.
    pub provider_ref: Option<String>,
    /// What the provider said, in its own words.
    pub provider_code: Option<String>,
    /// Of a refund: how many failed ones of the provider's were told of so far.
    pub failures: i64,
    /// It is not sent before.
    pub not_before: Option<DateTime<Utc>>,
    /// When it was planned, or heard.
    pub create_time: DateTime<Utc>,
    /// When it was changed last.
    pub update_time: DateTime<Utc>,
}

/// The pause after the first refusal; each further one is five times as long.
const FIRST_PAUSE: Duration = Duration::from_secs(60);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

impl Operation {
    /// One that is still to be sent.
    #[must_use]
    pub fn planned(id: Uuid, number: i64, kind: Kind, amount: i64, now: DateTime<Utc>) -> Self {
        Self {
            id,
            number,
            kind,
            request_id: None,
            amount,
            reason: String::new(),
            attempt: 1,
            state: OperationState::Planned,
            provider_ref: None,
            provider_code: None,
            failures: 0,
            not_before: None,
            create_time: now,
            update_time: now,
        }
    }

    /// The provider knows this attempt by it.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}.{}", self.id, self.attempt)
    }

    /// Whether it is not decided yet.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.state, OperationState::Planned | OperationState::Sent)
    }

    /// Whether it may be sent now.
    #[must_use]
    pub fn is_ready(&self, now: DateTime<Utc>) -> bool {
        self.state == OperationState::Planned && self.not_before.is_none_or(|time| time <= now)
    }

    pub(super) fn turn(&mut self, state: OperationState, now: DateTime<Utc>) {
        if self.state != state {
            self.state = state;
            self.update_time = now;
        }
    }

    /// Begins it anew after a definite refusal, later each time.
    pub(super) fn try_anew(&mut self, code: &str, now: DateTime<Utc>) {
        let pauses = u32::try_from(self.attempt - 1).unwrap_or(u32::MAX);
        let pause = FIRST_PAUSE.saturating_mul(5_u32.saturating_pow(pauses));
        self.attempt = self.attempt.saturating_add(1);
        self.not_before = Some(now + pause.min(LONGEST_PAUSE));
        self.provider_code = Some(code.to_owned());
        self.turn(OperationState::Planned, now);
    }
}

/// Nothing of its kind has this name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not known")]
pub struct Unknown(pub String);

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 8] = [
        Kind::Create,
        Kind::Confirm,
        Kind::Capture,
        Kind::Cancel,
        Kind::Refund,
        Kind::Lapse,
        Kind::Dispute,
        Kind::Adjustment,
    ];

    /// Its name, as in the contract without its prefix and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Create => "CREATE",
            Kind::Confirm => "CONFIRM",
            Kind::Capture => "CAPTURE",
            Kind::Cancel => "CANCEL",
            Kind::Refund => "REFUND",
            Kind::Lapse => "LAPSE",
            Kind::Dispute => "DISPUTE",
            Kind::Adjustment => "ADJUSTMENT",
        }
    }
}

impl TryFrom<String> for Kind {
    type Error = Unknown;

    fn try_from(name: String) -> Result<Kind, Unknown> {
        let mut all = Kind::ALL.into_iter();
        all.find(|kind| kind.as_str() == name).ok_or(Unknown(name))
    }
}

impl OperationState {
    /// Every state.
    pub const ALL: [OperationState; 4] = [
        OperationState::Planned,
        OperationState::Sent,
        OperationState::Succeeded,
        OperationState::Refused,
    ];

    /// Its name, as in the contract without its prefix and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            OperationState::Planned => "PLANNED",
            OperationState::Sent => "SENT",
            OperationState::Succeeded => "SUCCEEDED",
            OperationState::Refused => "REFUSED",
        }
    }
}

impl TryFrom<String> for OperationState {
    type Error = Unknown;

    fn try_from(name: String) -> Result<OperationState, Unknown> {
        let mut all = OperationState::ALL.into_iter();
        all.find(|state| state.as_str() == name)
            .ok_or(Unknown(name))
    }
}

//! A mail: which, to whom, about what. Ids alone.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use money::Money;
use uuid::Uuid;

use super::{State, Template};

/// Whom it goes to, as far as the event says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recipient {
    /// The account.
    Account(Uuid),
    /// The account that the order belongs to.
    BuyerOf(Uuid),
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(user) => write!(f, "users/{user}"),
            Self::BuyerOf(order) => write!(f, "orders/{order}"),
        }
    }
}

/// What it is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Subject {
    /// The order.
    pub(crate) order_id: Option<Uuid>,
    /// The shipment.
    pub(crate) shipment_id: Option<Uuid>,
    /// What svc-auth knows a mail to an account by.
    pub(crate) mail_id: Option<Uuid>,
    /// The money.
    pub(crate) amount: Option<Money>,
}

/// A mail to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NewMessage {
    /// UUIDv7.
    pub(crate) id: Uuid,
    /// The event that it tells of.
    pub(crate) event_id: Uuid,
    /// Which mail it is.
    pub(crate) template: Template,
    /// Whom it goes to.
    pub(crate) recipient: Recipient,
    /// What it is about.
    pub(crate) subject: Subject,
}

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// UUIDv7.
    pub(crate) id: Uuid,
    /// The event that it tells of.
    pub(crate) event_id: Uuid,
    /// Which mail it is.
    pub(crate) template: Template,
    /// The account that it goes to, once that is known.
    pub(crate) user_id: Option<Uuid>,
    /// What it is about.
    pub(crate) subject: Subject,
    /// Where it stands.
    pub(crate) state: State,
    /// How often somebody has asked for it to be sent again.
    pub(crate) round: i32,
    /// How often it was tried in this round.
    pub(crate) attempts: i32,
    /// When it was to be sent first in this round.
    pub(crate) since: DateTime<Utc>,
    /// What the last attempt came to.
    pub(crate) detail: String,
    /// When it is tried next, while it waits.
    pub(crate) due_at: Option<DateTime<Utc>>,
    /// When its event was heard of.
    pub(crate) create_time: DateTime<Utc>,
    /// When it came to stand as it does.
    pub(crate) update_time: DateTime<Utc>,
}

impl Message {
    /// What tells it from all others, and one copy of it from a mail that was sent again on purpose
    /// (RFC 5322, section 3.6.4): the same at every attempt.
    #[must_use]
    pub(crate) fn message_id(&self, domain: &str) -> String {
        let Self {
            event_id,
            template,
            round,
            ..
        } = self;
        match round {
            0 => format!("<{event_id}.{template}@{domain}>"),
            round => format!("<{event_id}.{template}.{round}@{domain}>"),
        }
    }

    /// For how long it has been tried.
    #[must_use]
    pub(crate) fn waited(&self, now: DateTime<Utc>) -> TimeDelta {
        now - self.since
    }
}

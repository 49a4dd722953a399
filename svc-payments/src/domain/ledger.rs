//! The books: what a change writes besides the payment itself.
//!
//! Double entry: each operation's postings sum to zero. `customer` is the counter-account of all
//! others, so what customers have given is below zero there. What was given back, and what is disputed,
//! is below zero in accounts of its own.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// An account of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Account {
    /// The counter-account of all others.
    Customer,
    /// Held back, and not taken.
    Hold,
    /// Taken.
    Captured,
    /// Given back, below zero.
    Refunded,
    /// Disputed, or won back by the buyer: below zero.
    Disputed,
    /// What the provider keeps. Nothing tells of it yet.
    Fee,
}

impl Account {
    /// Its name, as in the contract and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Account::Customer => "customer",
            Account::Hold => "hold",
            Account::Captured => "captured",
            Account::Refunded => "refunded",
            Account::Disputed => "disputed",
            Account::Fee => "fee",
        }
    }
}

/// An amount that moves between an account and its counter-account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Posting {
    /// The operation that moves it.
    pub operation: Uuid,
    /// Where.
    pub account: Account,
    /// How much, in minor units; below zero leaves the account.
    pub amount: i64,
}

/// Something that happened to a payment, for others to hear.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Event {
    /// The payment's version after it.
    pub version: i64,
    /// How much it is about, in minor units.
    pub amount: i64,
    /// What.
    pub news: News,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum News {
    /// The buyer has to do something.
    ActionRequired,
    /// Money is held back.
    Authorized,
    /// The provider refused, for this reason.
    Declined(String),
    /// Money was taken, for this shipment; for none if it was the last word.
    Captured(Option<Uuid>),
    /// Money could not be taken, for this shipment.
    CaptureFailed(Option<Uuid>),
    /// Money was given back, by the refund of this id.
    Refunded(Uuid),
    /// Money could not be given back, by the refund of this id.
    RefundFailed(Uuid),
    /// The hold ended before money was taken.
    Lapsed,
    /// The payment is at its final amount.
    Closed,
    /// The buyer disputes it: the dispute of this id.
    DisputeOpened(Uuid),
    /// The bank has decided on the dispute of this id, for the shop or for the buyer.
    DisputeClosed {
        /// The dispute.
        id: Uuid,
        /// For the shop.
        won: bool,
    },
}

/// What one change writes: it is made with the time and the ids to write it with.
pub struct Book<'a> {
    /// When.
    pub now: DateTime<Utc>,
    /// Gives an id that nothing has.
    pub new_id: &'a mut dyn FnMut() -> Uuid,
    /// What moves.
    pub postings: Vec<Posting>,
    /// What others are told.
    pub events: Vec<Event>,
}

impl<'a> Book<'a> {
    /// An empty page.
    pub fn new(now: DateTime<Utc>, new_id: &'a mut dyn FnMut() -> Uuid) -> Self {
        Self {
            now,
            new_id,
            postings: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Moves an amount from the customer into an account; below zero, back.
    pub(super) fn post(&mut self, operation: Uuid, account: Account, amount: i64) {
        if amount == 0 {
            return;
        }
        for (account, amount) in [(account, amount), (Account::Customer, -amount)] {
            self.postings.push(Posting {
                operation,
                account,
                amount,
            });
        }
    }
}

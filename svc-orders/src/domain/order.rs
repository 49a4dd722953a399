//! An order and its history.

use chrono::{DateTime, Utc};
use money::Money;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Funds, State};

/// An order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    /// UUIDv7.
    pub(crate) id: Uuid,
    /// Account that it belongs to.
    pub(crate) user_id: Uuid,
    /// Reference in the system that it was taken over from; unique per user.
    pub(crate) external_reference: Option<String>,
    /// Where it stands.
    pub(crate) state: State,
    /// 1, 2, 3, ...: the sequence number of its last event.
    pub(crate) version: i64,
    /// What was ordered, each SKU once.
    pub(crate) items: Vec<Item>,
    /// Sum of all lines.
    pub(crate) total: Money,
    /// What was heard of its money; `None` if it is not paid here.
    pub(crate) funds: Option<Funds>,
    /// Where it goes.
    pub(crate) ship_to: Address,
    /// Why it was rejected, if it was.
    pub(crate) rejection: Option<Rejection>,
    /// When it was placed.
    pub(crate) create_time: DateTime<Utc>,
    /// When it was changed last.
    pub(crate) update_time: DateTime<Utc>,
}

/// A callee's refusal of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rejection {
    /// Why, for people.
    pub(crate) reason: String,
    /// What else the callee said, in its own encoding: passed on, not read.
    pub(crate) details: Vec<u8>,
}

/// A line of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// Stock keeping unit.
    pub(crate) sku: String,
    /// Title of the product when it was ordered.
    pub(crate) title: String,
    /// Units.
    pub(crate) quantity: i32,
    /// Price of one unit when it was ordered, in minor units of the order's currency.
    pub(crate) unit_price: i64,
}

impl Item {
    /// `unit_price` times `quantity`, in minor units; `None` if it does not fit.
    pub(crate) fn total(&self) -> Option<i64> {
        self.unit_price.checked_mul(i64::from(self.quantity))
    }
}

/// A postal address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Address {
    /// Who receives it.
    pub(crate) name: String,
    /// Street, house number and what else the carrier needs.
    pub(crate) lines: Vec<String>,
    /// City.
    pub(crate) city: String,
    /// Postal code; may be empty.
    pub(crate) postal_code: String,
    /// ISO 3166-1 alpha-2.
    pub(crate) country: String,
}

/// Something that happened to an order. Its sequence number is the order's version after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// 1, 2, 3, ... within the order.
    pub(crate) sequence: i64,
    /// State before; `None` for the first.
    pub(crate) old_state: Option<State>,
    /// State after.
    pub(crate) new_state: State,
    /// `user:` and an id, or `workload:` and a name.
    pub(crate) actor: String,
    /// Why; may be empty.
    pub(crate) reason: String,
    /// When.
    pub(crate) time: DateTime<Utc>,
}

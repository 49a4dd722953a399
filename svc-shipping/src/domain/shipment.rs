//! A shipment.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::State;

/// What is sent to a buyer for one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shipment {
    /// UUIDv7.
    pub(crate) id: Uuid,
    /// The order; no other shipment has it.
    pub(crate) order_id: Uuid,
    /// Account that the order belongs to.
    pub(crate) user_id: Uuid,
    /// Where it stands.
    pub(crate) state: State,
    /// 1, 2, 3, ...: grows with each change.
    pub(crate) version: i64,
    /// What is in it.
    pub(crate) items: Vec<Item>,
    /// Where it goes.
    pub(crate) ship_to: Address,
    /// Who carries it, from its dispatch on.
    pub(crate) transport: Option<Transport>,
    /// When it was made.
    pub(crate) create_time: DateTime<Utc>,
    /// When it was changed last.
    pub(crate) update_time: DateTime<Utc>,
}

/// Units of a SKU in a shipment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// Stock keeping unit.
    pub(crate) sku: String,
    /// Title of the product when it was ordered.
    pub(crate) title: String,
    /// Units.
    pub(crate) quantity: i32,
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

/// Who carries a shipment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transport {
    /// Name of the carrier.
    pub(crate) carrier: String,
    /// The carrier's number for it.
    pub(crate) tracking_number: String,
}

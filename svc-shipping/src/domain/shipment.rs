//! A shipment.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::State;

/// What is sent to a buyer for one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipment {
    /// UUIDv7.
    pub id: Uuid,
    /// The order; no other shipment has it.
    pub order_id: Uuid,
    /// Account that the order belongs to.
    pub user_id: Uuid,
    /// Where it stands.
    pub state: State,
    /// 1, 2, 3, ...: grows with each change.
    pub version: i64,
    /// What is in it.
    pub items: Vec<Item>,
    /// Where it goes.
    pub ship_to: Address,
    /// Who carries it, from its dispatch on.
    pub transport: Option<Transport>,
    /// When it was made.
    pub create_time: DateTime<Utc>,
    /// When it was changed last.
    pub update_time: DateTime<Utc>,
}

/// Units of a SKU in a shipment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Stock keeping unit.
    pub sku: String,
    /// Title of the product when it was ordered.
    pub title: String,
    /// Units.
    pub quantity: i32,
}

/// A postal address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Who receives it.
    pub name: String,
    /// Street, house number and what else the carrier needs.
    pub lines: Vec<String>,
    /// City.
    pub city: String,
    /// Postal code; may be empty.
    pub postal_code: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

/// Who carries a shipment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transport {
    /// Name of the carrier.
    pub carrier: String,
    /// The carrier's number for it.
    pub tracking_number: String,
}

//! What a shipment is: pure types, and the table of its states.

mod shipment;
mod state;

pub(crate) use shipment::{Address, Item, Shipment, Transport};
pub(crate) use state::{InvalidTransition, State, Step};

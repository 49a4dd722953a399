//! What a shipment is: pure types, and the table of its states.

mod shipment;
mod state;

pub use shipment::{Address, Item, Shipment, Transport};
pub use state::{InvalidTransition, State, Step};

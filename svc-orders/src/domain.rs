//! What an order is: pure types, rules and the table of its states.

mod country;
mod line;
mod order;
mod pricing;
mod state;

pub(crate) use country::is_destination;
pub(crate) use line::{Line, merge};
pub(crate) use order::{Address, Event, Item, Order, Rejection};
pub(crate) use pricing::{PricingError, Product, price};
pub(crate) use state::{InvalidTransition, State, Step};

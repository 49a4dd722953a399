//! What an order is: pure types, rules and the tables of its states and of its saga.

mod country;
#[cfg(test)]
mod diagram;
mod funds;
pub(crate) mod history;
mod line;
mod order;
mod pricing;
mod saga;
mod state;

pub(crate) use country::is_destination;
pub use funds::{Funds, Payment};
pub(crate) use line::{Line, merge};
pub(crate) use order::{Address, Event, Item, Order, Rejection};
pub(crate) use pricing::{PricingError, Product, price};
pub use saga::{Ask, PLANS, Plan, plan};
pub use state::{InvalidTransition, State, Step};

//! What a payment is and how it moves: no database, no gRPC, no clock, no randomness. Time and ids are
//! passed in, so that the whole of it can be explored.

pub mod ledger;
pub mod operation;
pub mod payment;
pub mod snapshot;
pub mod state;

mod hear;
mod next;
mod requests;
mod settle;

pub use ledger::{Account, Book, Event, News, Posting};
pub use next::Ask;
pub use operation::{Kind, Operation, OperationState};
pub use payment::{Dispute, Payment};
pub use requests::{NewPayment, Refusal};
pub use state::{InvalidTransition, State, Step};

#[cfg(test)]
mod tests;

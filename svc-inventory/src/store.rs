//! SQL over a transaction: the same rows on Postgres and on SQLite.
//!
//! Locks are taken in one order, which is why nothing here waits in a circle: a reservation that
//! is there, then the stock of its lines in the order of their SKUs.

pub(crate) mod adjustments;
pub(crate) mod reservations;
pub(crate) mod stock;

//! SQL: functions over a transaction. The handler owns the transaction.

pub mod assertion;
pub mod audit;
pub mod changed_password;
pub mod credential;
pub mod known_network;
pub mod password_reset;
pub mod purge;
pub mod revocation;
pub mod session;
pub mod signing_key;
pub mod throttle;
pub mod ticket;

//! SQL: functions over a transaction. The handler owns the transaction.

pub mod directory;
pub mod user;

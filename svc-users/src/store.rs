//! SQL: functions over a transaction. The handler owns the transaction.

pub(crate) mod directory;
pub(crate) mod user;

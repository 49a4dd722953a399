//! SQL: functions over a transaction.

pub(crate) mod changes;
pub(crate) mod events;
pub(crate) mod orders;
pub(crate) mod recovery;

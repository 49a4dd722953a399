//! SQL: functions over a transaction.

pub(crate) mod shipments;

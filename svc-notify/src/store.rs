//! SQL: functions over a transaction.

pub(crate) mod analytics;
pub(crate) mod deliveries;
pub(crate) mod messages;
pub(crate) mod queue;
pub(crate) mod secrets;
pub(crate) mod suppressions;
pub(crate) mod webhooks;

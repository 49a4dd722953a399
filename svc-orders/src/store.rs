//! SQL: functions over a transaction.

/// The columns of a table, as they are read and as they are written.
macro_rules! columns {
    (orders) => {
        "order_id, user_id, external_reference, state, version, currency, total_minor, ship_to, \
         rejection_reason, rejection_details, create_time, update_time, funds"
    };
    (order_items) => {
        "order_id, line, sku, title, quantity, unit_price_minor"
    };
    (order_events) => {
        "order_id, sequence, old_state, new_state, actor, reason, create_time"
    };
    (order_events_chained) => {
        "order_id, sequence, old_state, new_state, actor, reason, create_time, salt, commitment, \
         previous_hash, hash, signature"
    };
}

pub(crate) mod audit;
pub(crate) mod changes;
pub(crate) mod events;
pub(crate) mod history;
pub(crate) mod orders;
pub(crate) mod recovery;
pub(crate) mod tasks;

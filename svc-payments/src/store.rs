//! SQL: functions over a transaction.

/// The columns of a table, as they are read and as they are written.
macro_rules! columns {
    (payments) => {
        "payment_id, order_id, user_id, provider, provider_ref, state, version, currency, amount, \
         authorized, held, capturing, captured, refunding, refunded, disputed, final_amount, \
         final_reason, decline_code, capture_before, token_sealed, return_url, looks, hints, hints_heard, \
         create_time, update_time"
    };
    (operations) => {
        "operation_id, payment_id, number, kind, request_id, amount, reason, attempt, state, provider_ref, \
         provider_code, failures, not_before, create_time, update_time"
    };
    (disputes) => {
        "dispute_id, payment_id, provider_ref, amount, reason, status, evidence_due_time, \
         create_time, update_time"
    };
}

pub(crate) mod disputes;
pub(crate) mod due;
pub(crate) mod ledger;
pub(crate) mod operations;
pub(crate) mod payments;
pub(crate) mod provider_events;

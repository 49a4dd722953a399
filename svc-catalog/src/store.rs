//! SQL over a transaction: the same rows on Postgres and on SQLite.

/// The columns of a product, as they are read and as they are written.
macro_rules! columns {
    () => {
        "sku, title, description, currency, price, state, version, create_time, update_time"
    };
}

pub(crate) mod products;
pub(crate) mod search;

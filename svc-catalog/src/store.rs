//! SQL over a transaction: the same rows on Postgres and on SQLite.

pub(crate) mod products;
pub(crate) mod search;

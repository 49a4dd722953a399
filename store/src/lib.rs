//! What every process with data has: a database (Postgres where it is real, SQLite embedded),
//! its migrations, the outbox and its relay, the inbox, idempotency keys, a cache and pages.
//!
//! One SQL text serves both databases wherever it can: `$1` placeholders, `ON CONFLICT`,
//! `RETURNING` and partial indexes work on either. Types that go both ways: `Uuid` (uuid / blob),
//! `DateTime<Utc>` (timestamptz / text), `bool` (boolean / integer), `i64` (bigint / integer),
//! `String` (text), `Vec<u8>` (bytea / blob), `sqlx::types::Json` (jsonb / text). Where a dialect
//! is needed, both texts stand side by side: `tx.dialect().pick(postgres, sqlite)`.

pub mod cache;
pub mod database;
mod error;
pub mod events;
pub mod idempotency;
pub mod inbox;
mod macros;
pub mod measure;
mod open;
pub mod outbox;
pub mod page;
mod stored;
#[cfg(feature = "testing")]
pub mod testing;
pub mod upkeep;

pub use cache::{Cache, CacheConfig};
pub use database::{Connection, Database, DatabaseConfig, Dialect, Driver, Migrations, Tx};
pub use error::{Error, Violation, ViolationKind};
pub use events::{consume, failure, message};
pub use idempotency::{Claim, Idempotency};
pub use outbox::{NewEvent, Outbox};
pub use stored::Stored;

#[doc(hidden)]
pub use sqlx;

use sqlx::{PgConnection, SqliteConnection};

use super::pace::Pace;

/// The connection under a [`Tx`](super::Tx), for the macros of this crate.
pub enum Connection<'t> {
    /// To Postgres.
    Postgres(&'t mut PgConnection),
    /// To SQLite, and how its statements run.
    Sqlite(&'t mut SqliteConnection, Pace<'t>),
}

impl Connection<'_> {
    /// The same, as the macros ask a [`Tx`](super::Tx) for it.
    pub(crate) fn connection(&mut self) -> Connection<'_> {
        match self {
            Self::Postgres(connection) => Connection::Postgres(connection),
            Self::Sqlite(connection, pace) => Connection::Sqlite(connection, *pace),
        }
    }
}

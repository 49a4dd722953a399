use sqlx::{PgConnection, SqliteConnection};

use super::pace::Pace;
use super::statements::Measured;

/// The connection under a [`Tx`](super::Tx), for the macros of this crate.
pub struct Connection<'t> {
    /// To what.
    pub driver: Driver<'t>,
    /// Who measures what it runs.
    pub measured: Measured<'t>,
}

/// What runs statements.
pub enum Driver<'t> {
    /// Postgres.
    Postgres(&'t mut PgConnection),
    /// SQLite, and how its statements run.
    Sqlite(&'t mut SqliteConnection, Pace<'t>),
}

impl Connection<'_> {
    /// The same, as the macros ask a [`Tx`](super::Tx) for it.
    pub(crate) fn connection(&mut self) -> Connection<'_> {
        let driver = match &mut self.driver {
            Driver::Postgres(connection) => Driver::Postgres(connection),
            Driver::Sqlite(connection, pace) => Driver::Sqlite(connection, *pace),
        };
        Connection {
            driver,
            measured: self.measured,
        }
    }
}

use std::{path::PathBuf, str::FromStr};

use net::SecretUrl;
use sqlx::postgres::PgConnectOptions;
use url::Url;

/// Where the database is.
#[derive(Clone, Debug, clap::Args)]
pub struct DatabaseConfig {
    /// postgres://user:password@host/database, or sqlite:PATH; sqlite::memory: for one that is
    /// gone with the process. The database is created if it is missing.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: SecretUrl,
    /// How many connections to Postgres this process may have.
    #[arg(long, env = "DATABASE_MAX_CONNECTIONS", default_value_t = Self::MAX_CONNECTIONS)]
    pub database_max_connections: u32,
    /// Instead of these.
    #[cfg(feature = "testing")]
    #[arg(skip)]
    pub(crate) simulated: Option<super::simulated::SimulatedDatabase>,
}

pub(super) enum Kind {
    Postgres(Box<PgConnectOptions>),
    /// `None`: a file that is gone with the process.
    Sqlite(Option<PathBuf>),
}

impl DatabaseConfig {
    const MAX_CONNECTIONS: u32 = 10;

    /// The database at this URL, with defaults.
    #[must_use]
    pub fn url(url: &str) -> Self {
        Self {
            database_url: url.into(),
            database_max_connections: Self::MAX_CONNECTIONS,
            #[cfg(feature = "testing")]
            simulated: None,
        }
    }

    /// The database of a simulation.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn simulated(database: super::simulated::SimulatedDatabase) -> Self {
        Self {
            simulated: Some(database),
            ..Self::url("sqlite::memory:")
        }
    }

    /// The SQLite database in this file, with defaults.
    #[must_use]
    pub fn sqlite(path: impl AsRef<std::path::Path>) -> Self {
        Self::url(&format!("sqlite:{}", path.as_ref().display()))
    }

    /// The same server with the database of another name; of SQLite, the file of that name beside.
    #[must_use]
    pub fn named(&self, database: &str) -> Self {
        let url = self.database_url.expose();
        let named = if let Some(path) = sqlite_path(url) {
            match path {
                ":memory:" => url.to_owned(),
                path => {
                    let file = PathBuf::from(path).with_file_name(format!("{database}.db"));
                    format!("sqlite:{}", file.display())
                }
            }
        } else if let Ok(mut url) = Url::parse(url) {
            url.set_path(database);
            url.into()
        } else {
            url.to_owned()
        };
        Self {
            database_url: named.into(),
            ..self.clone()
        }
    }

    /// What it says, or what is wrong with it, without secrets.
    pub(super) fn kind(&self) -> Result<Kind, String> {
        let url = self.database_url.expose();
        if let Some(path) = sqlite_path(url) {
            return match path {
                "" => Err("DATABASE_URL: sqlite: needs the path of a file".to_owned()),
                ":memory:" => Ok(Kind::Sqlite(None)),
                path => Ok(Kind::Sqlite(Some(path.into()))),
            };
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            // The error may quote the URL, hence its password.
            return match PgConnectOptions::from_str(url) {
                Ok(options) => Ok(Kind::Postgres(Box::new(options))),
                Err(_) => Err("DATABASE_URL is not a well-formed postgres:// URL".to_owned()),
            };
        }
        Err("DATABASE_URL must begin with postgres:// or sqlite:".to_owned())
    }
}

fn sqlite_path(url: &str) -> Option<&str> {
    let path = url.strip_prefix("sqlite:")?;
    Some(path.strip_prefix("//").unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_password() {
        let config = DatabaseConfig::url("postgres://ada:hunter2@db/orders");
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn one_server_holds_a_database_for_each_service() {
        let url = |config: DatabaseConfig| config.database_url.expose().to_owned();
        let server = DatabaseConfig::url("postgres://ada:p%40ss@db:5433/postgres?sslmode=require");
        let orders = url(server.named("orders"));
        assert_eq!(
            orders,
            "postgres://ada:p%40ss@db:5433/orders?sslmode=require"
        );
        assert_eq!(
            url(DatabaseConfig::sqlite("/data/x.db").named("orders")),
            "sqlite:/data/orders.db"
        );
    }

    #[test]
    fn a_wrong_url_is_not_quoted() {
        let error = DatabaseConfig::url("mysql://ada:hunter2@db").kind().err();
        assert_eq!(
            error.as_deref(),
            Some("DATABASE_URL must begin with postgres:// or sqlite:")
        );
        let error = DatabaseConfig::url("postgres://ada:hunter2@db:port/x")
            .kind()
            .err();
        assert!(error.is_some_and(|error| !error.contains("hunter2")));
    }
}

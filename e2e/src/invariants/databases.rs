//! The databases of a mesh, as whoever may do everything sees them.

use std::{collections::BTreeMap, path::Path, time::Duration};

use sqlx::{
    AssertSqlSafe, Connection as _, FromRow, PgConnection, SqliteConnection,
    postgres::PgRow,
    sqlite::{SqliteConnectOptions, SqliteRow},
};
use url::Url;

use crate::{credentials::Credentials, services::SERVICES, unique::unique};

/// The databases of a mesh, one for each service.
#[derive(Clone)]
pub struct Databases {
    pub(super) dialect: Dialect,
    /// What their names begin with on their server; of files, the folder.
    prefix: String,
    /// A file's path, or a Postgres URL of one who may do everything.
    places: BTreeMap<&'static str, String>,
    /// Postgres URLs of the services' own roles.
    own: BTreeMap<&'static str, String>,
    /// The time, in SQL.
    now: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Postgres,
    Sqlite,
}

/// Where an order stands in one of the databases: its id without dashes, and a state.
pub(super) type Entry = (String, String);

impl Databases {
    /// The files of `tradewind up`.
    pub(crate) fn sqlite(data: &Path) -> Databases {
        let now = "strftime('%Y-%m-%dT%H:%M:%f', 'now')".to_owned();
        Databases::files(data, &SERVICES, now)
    }

    /// The files of these services as they stand at a time (RFC 3339) that is not the machine's.
    pub fn sqlite_at(data: &Path, services: &[&'static str], time: &str) -> Databases {
        Databases::files(data, services, format!("'{time}'"))
    }

    fn files(data: &Path, services: &[&'static str], now: String) -> Databases {
        let place = |service: &&'static str| {
            let file = data.join(format!("{}.db", service.replace('-', "_")));
            (*service, file.display().to_string())
        };
        Databases {
            dialect: Dialect::Sqlite,
            prefix: data.display().to_string(),
            places: services.iter().map(place).collect(),
            own: BTreeMap::new(),
            now,
        }
    }

    /// Makes databases with names that nothing else has, and their owners, on this server.
    pub(crate) async fn postgres(server: &str, credentials: &Credentials) -> Databases {
        let prefix = unique("e2e").replace('-', "_");
        let server = Url::parse(server).expect("it is a URL");
        let mut connection = PgConnection::connect(server.as_str())
            .await
            .unwrap_or_else(|error| panic!("Postgres at {:?}: {error}", server.host_str()));
        for statement in credentials.postgres(&prefix) {
            let made = sqlx::query(AssertSqlSafe(statement)).execute(&mut connection);
            made.await.expect("the role or database is made");
        }
        let own = |service| Some((service, credentials.database(service, &prefix, &server)?));
        let place = |service: &'static str| {
            let mut url = server.clone();
            url.set_path(&format!("{prefix}_{}", service.replace('-', "_")));
            (service, url.to_string())
        };
        Databases {
            dialect: Dialect::Postgres,
            prefix: format!("{prefix}_"),
            places: SERVICES.map(place).into(),
            own: SERVICES.into_iter().filter_map(own).collect(),
            now: "now()".to_owned(),
        }
    }

    /// The services that have one here.
    pub(super) fn services(&self) -> impl Iterator<Item = &'static str> {
        self.places.keys().copied()
    }

    /// The URL by which a service reaches its database, where that is on a server.
    pub fn url(&self, service: &str) -> Option<String> {
        self.own.get(service).cloned()
    }

    /// As flags of `tradewind` name them.
    pub(crate) fn flags(&self) -> Vec<String> {
        match self.dialect {
            Dialect::Postgres => vec![
                "--database-prefix".to_owned(),
                self.prefix.clone(),
                "--database-url".to_owned(),
                self.places["svc-orders"].clone(),
            ],
            Dialect::Sqlite => vec!["--data-dir".to_owned(), self.prefix.clone()],
        }
    }

    /// They are on another server now, which took the place of theirs.
    ///
    /// # Panics
    /// When that is no URL.
    pub fn move_to(&mut self, server: &str) {
        let server = Url::parse(server).expect("it is a URL");
        for place in self.places.values_mut() {
            let mut url = Url::parse(place).expect("it is one of a server");
            let moved = url.set_port(server.port());
            moved.expect("a server has a port");
            *place = url.into();
        }
    }

    /// The one number that a query gives. `{now}` stands for the time, `{id:column}` for an id as
    /// text.
    pub async fn number(&self, service: &str, query: &str) -> i64 {
        let rows: Vec<(i64,)> = self.rows(service, query).await;
        let [(number,)] = rows[..] else {
            panic!("{service}: {} rows instead of one: {query}", rows.len());
        };
        number
    }

    /// The pairs of texts that a query gives.
    pub async fn pairs(&self, service: &str, query: &str) -> Vec<Entry> {
        self.rows(service, query).await
    }

    /// The tables on a server that have one of these texts somewhere, also as bytes of an event; of files,
    /// none.
    pub async fn rows_with(&self, texts: &[&str]) -> Vec<String> {
        let mut found = Vec::new();
        if self.dialect == Dialect::Sqlite {
            return found;
        }
        let is_in = |text: &&str| {
            let bytes: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
            format!("whole::text LIKE '%{text}%' OR whole::text LIKE '%{bytes}%'")
        };
        let condition = texts.iter().map(is_in).collect::<Vec<_>>().join(" OR ");
        for service in self.services() {
            let tables = "SELECT table_name::text, '' FROM information_schema.tables \
                          WHERE table_schema = 'public'";
            for (table, _) in self.pairs(service, tables).await {
                let query = format!("SELECT count(*) FROM {table} AS whole WHERE {condition}");
                if self.number(service, &query).await > 0 {
                    found.push(format!("{table} of {service}"));
                }
            }
        }
        found
    }

    async fn rows<T>(&self, service: &str, query: &str) -> Vec<T>
    where
        T: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        let query = AssertSqlSafe(self.in_dialect(query));
        let rows = match self.dialect {
            Dialect::Postgres => {
                sqlx::query_as(query)
                    .fetch_all(&mut self.open_postgres(service).await)
                    .await
            }
            Dialect::Sqlite => {
                sqlx::query_as(query)
                    .fetch_all(&mut self.open_sqlite(service, true).await)
                    .await
            }
        };
        rows.unwrap_or_else(|error| panic!("{service}: {error}"))
    }

    fn in_dialect(&self, query: &str) -> String {
        let id = match self.dialect {
            Dialect::Postgres => ("replace(cast(", " as text), '-', '')"),
            Dialect::Sqlite => ("lower(hex(", "))"),
        };
        let mut text = query.replace("{now}", &self.now);
        while let Some((before, rest)) = text.split_once("{id:") {
            let (column, after) = rest.split_once('}').expect("the placeholder is closed");
            text = format!("{before}{}{column}{}{after}", id.0, id.1);
        }
        text
    }

    async fn open_postgres(&self, service: &str) -> PgConnection {
        let url = &self.places[service];
        PgConnection::connect(url)
            .await
            .unwrap_or_else(|error| panic!("{service}: {error}"))
    }

    async fn open_sqlite(&self, service: &str, read_only: bool) -> SqliteConnection {
        let options = SqliteConnectOptions::new()
            .filename(&self.places[service])
            .read_only(read_only);
        let options = options.busy_timeout(Duration::from_secs(10));
        SqliteConnection::connect_with(&options)
            .await
            .unwrap_or_else(|error| panic!("{service}: {error}"))
    }

    /// Writes an event into the outbox of a service, as if the service had published it.
    pub async fn append_event(&self, service: &str, id: uuid::Uuid, subject: &str, data: &[u8]) {
        let row =
            "INSERT INTO outbox (id, subject, aggregate_id, version, time, data, trace, due_at)";
        let written = match self.dialect {
            Dialect::Postgres => {
                let time = "TIMESTAMPTZ '2020-01-01 00:00:00Z'";
                let insert = format!("{row} VALUES ($1, $2, $3, 1, {time}, $4, '[]', {time})");
                let insert = sqlx::query(AssertSqlSafe(insert))
                    .bind(id)
                    .bind(subject)
                    .bind(id.to_string())
                    .bind(data);
                insert
                    .execute(&mut self.open_postgres(service).await)
                    .await
                    .map(|_| ())
            }
            Dialect::Sqlite => {
                let time = "'2020-01-01T00:00:00+00:00'";
                let insert = format!("{row} VALUES ($1, $2, $3, 1, {time}, $4, '[]', {time})");
                let insert = sqlx::query(AssertSqlSafe(insert))
                    .bind(id)
                    .bind(subject)
                    .bind(id.to_string())
                    .bind(data);
                let mut connection = self.open_sqlite(service, false).await;
                insert.execute(&mut connection).await.map(|_| ())
            }
        };
        written.unwrap_or_else(|error| panic!("{service}: {error}"));
    }

    /// Runs a statement that both kinds of database take.
    pub async fn execute(&self, service: &str, statement: &'static str) {
        let done = match self.dialect {
            Dialect::Postgres => sqlx::query(statement)
                .execute(&mut self.open_postgres(service).await)
                .await
                .map(|_| ()),
            Dialect::Sqlite => sqlx::query(statement)
                .execute(&mut self.open_sqlite(service, false).await)
                .await
                .map(|_| ()),
        };
        done.unwrap_or_else(|error| panic!("{service}: {error}"));
    }
}

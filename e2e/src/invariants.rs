//! What must hold in the databases of a mesh, whatever happened to it.

mod histories;
mod money;

use std::{collections::BTreeMap, path::Path, time::Duration};

use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions,
};

use tokio::time::{Instant, sleep};

use crate::{credentials::Credentials, services::SERVICES, unique::unique};

/// The databases of a mesh, one for each service.
#[derive(Clone)]
pub struct Databases {
    dialect: Dialect,
    /// What their names begin with on their server; of files, the folder.
    prefix: String,
    /// A file's path, or a Postgres URL of one who may do everything.
    places: BTreeMap<&'static str, String>,
    /// Postgres URLs of the services' own roles.
    own: BTreeMap<&'static str, String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Postgres,
    Sqlite,
}

/// Where an order stands in one of the databases: its id without dashes, and a state.
type Entry = (String, String);

impl Databases {
    /// The files of `tradewind up`.
    pub(crate) fn sqlite(data: &Path) -> Databases {
        let file = |service: &str| data.join(format!("{}.db", service.replace('-', "_")));
        let place = |service| (service, file(service).display().to_string());
        Databases {
            dialect: Dialect::Sqlite,
            prefix: data.display().to_string(),
            places: SERVICES.map(place).into(),
            own: BTreeMap::new(),
        }
    }

    /// Makes databases with names that nothing else has, and their owners, on this server.
    pub(crate) async fn postgres(server: &str, credentials: &Credentials) -> Databases {
        let prefix = unique("e2e").replace('-', "_");
        let server = url::Url::parse(server).expect("TEST_DATABASE_URL is a URL");
        let mut connection = PgConnection::connect(server.as_str())
            .await
            .unwrap_or_else(|error| panic!("TEST_DATABASE_URL: {error}"));
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
        }
    }

    /// The URL by which a service reaches its database, where that is on a server.
    pub fn url(&self, service: &str) -> Option<String> {
        self.own.get(service).cloned()
    }

    /// The one number that a query gives. `{now}` stands for the time, `{id:column}` for an id as
    /// text.
    pub async fn number(&self, service: &str, query: &str) -> i64 {
        let query = AssertSqlSafe(self.in_dialect(query));
        let number = match self.dialect {
            Dialect::Postgres => {
                sqlx::query_scalar(query)
                    .fetch_one(&mut self.open_postgres(service).await)
                    .await
            }
            Dialect::Sqlite => {
                sqlx::query_scalar(query)
                    .fetch_one(&mut self.open_sqlite(service, true).await)
                    .await
            }
        };
        number.unwrap_or_else(|error| panic!("{service}: {error}"))
    }

    /// The pairs of texts that a query gives.
    pub async fn pairs(&self, service: &str, query: &str) -> Vec<Entry> {
        let query = AssertSqlSafe(self.in_dialect(query));
        let pairs = match self.dialect {
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
        pairs.unwrap_or_else(|error| panic!("{service}: {error}"))
    }

    fn in_dialect(&self, query: &str) -> String {
        let (now, id) = match self.dialect {
            Dialect::Postgres => ("now()", ("replace(cast(", " as text), '-', '')")),
            Dialect::Sqlite => ("strftime('%Y-%m-%dT%H:%M:%f', 'now')", ("lower(hex(", "))")),
        };
        let mut text = query.replace("{now}", now);
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

    /// Waits until everything that is under way has come to its end, and all invariants hold.
    /// `dead` is the number of events that are dead letters on purpose.
    ///
    /// # Panics
    /// When they do not hold in time, naming those that do not.
    pub async fn hold(&self, dead: i64) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let mut violations = self.violations(dead).await;
            if violations.is_empty() {
                violations = self.wrong_histories().await;
            }
            if violations.is_empty() {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "these do not hold:\n{}",
                violations.join("\n")
            );
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until nothing waits in an outbox. Gives what waits after all patience.
    pub async fn drained(&self, patience: Duration) -> Vec<String> {
        let deadline = Instant::now() + patience;
        loop {
            let waiting = self.waiting().await;
            if waiting.is_empty() || Instant::now() >= deadline {
                return waiting;
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Events that wait, by their kind. Dead letters wait for nothing.
    async fn waiting(&self) -> Vec<String> {
        let mut waiting = Vec::new();
        for service in SERVICES {
            let query =
                "SELECT subject, aggregate_id FROM outbox WHERE due_at IS NOT NULL LIMIT 20";
            for (subject, aggregate) in self.pairs(service, query).await {
                waiting.push(format!("{service}: {subject} of {aggregate}"));
            }
        }
        waiting
    }

    /// What does not hold now.
    pub async fn violations(&self, dead: i64) -> Vec<String> {
        let mut violations = Vec::new();
        let mut expect = |what: String, found: i64, wanted: i64| {
            if found != wanted {
                violations.push(format!("{what}: {found}, not {wanted}"));
            }
        };
        for service in SERVICES {
            let waiting = self
                .number(
                    service,
                    "SELECT count(*) FROM outbox WHERE due_at IS NOT NULL",
                )
                .await;
            expect(
                format!("events that wait in the outbox of {service}"),
                waiting,
                0,
            );
        }
        let mut buried = 0;
        for service in SERVICES {
            buried += self
                .number(
                    service,
                    "SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL",
                )
                .await;
        }
        if self.dialect == Dialect::Sqlite {
            expect("dead letters".into(), buried, dead);
        }
        for (what, service, query) in COUNTS.iter().chain(money::COUNTS) {
            expect((*what).into(), self.number(service, query).await, 0);
        }
        violations.extend(self.orders_without_their_shipment().await);
        violations.extend(self.orders_without_their_money().await);
        violations
    }

    /// Confirmed, shipped and delivered orders have one live shipment; others have none.
    async fn orders_without_their_shipment(&self) -> Vec<String> {
        let orders = self
            .pairs("svc-orders", "SELECT {id:order_id}, state FROM orders")
            .await;
        let shipments = self
            .pairs(
                "svc-shipping",
                "SELECT {id:order_id}, state FROM shipments WHERE state <> 'CANCELLED'",
            )
            .await;
        let reservations = self
            .pairs(
                "svc-inventory",
                "SELECT {id:order_id}, state FROM reservations",
            )
            .await;
        let mut alive: BTreeMap<&str, u32> = BTreeMap::new();
        for (order, _) in &shipments {
            *alive.entry(order).or_default() += 1;
        }
        let held: BTreeMap<&str, &str> = reservations
            .iter()
            .map(|(order, state)| (&**order, &**state))
            .collect();
        let mut violations = Vec::new();
        for (order, state) in &orders {
            let promised = matches!(state.as_str(), "CONFIRMED" | "SHIPPED" | "DELIVERED");
            let count = alive.remove(order.as_str()).unwrap_or_default();
            if count != u32::from(promised) {
                violations.push(format!(
                    "the order {order} is {state} and has {count} shipments"
                ));
            }
            let stock = held.get(order.as_str()).copied().unwrap_or("nothing");
            let right = match state.as_str() {
                "CONFIRMED" => stock == "ALLOCATED" || stock == "DISPATCHED",
                "SHIPPED" | "DELIVERED" => stock == "DISPATCHED",
                "REJECTED" | "CANCELLED" => matches!(stock, "nothing" | "RELEASED" | "EXPIRED"),
                _ => true,
            };
            if !right {
                violations.push(format!(
                    "the order {order} is {state} and its stock is {stock}"
                ));
            }
        }
        violations.extend(
            alive
                .keys()
                .map(|order| format!("a shipment for the unknown order {order}")),
        );
        violations
    }
}

/// Queries that give 0 when all is well.
const COUNTS: &[(&str, &str, &str)] = &[
    ("captures that are still to be asked for", "svc-orders", "SELECT count(*) FROM order_tasks"),
    ("orders under way", "svc-orders", "SELECT count(*) FROM orders WHERE state IN ('PENDING', 'REJECTING', 'CANCELLING')"),
    (
        "SKUs with negative or overpromised stock",
        "svc-inventory",
        "SELECT count(*) FROM stock WHERE on_hand < 0 OR reserved < 0 OR allocated < 0 OR reserved + allocated > on_hand",
    ),
    (
        "SKUs that promised or sent more than was received",
        "svc-inventory",
        "SELECT count(*) FROM stock s WHERE reserved + allocated + (
             SELECT coalesce(sum(l.quantity), 0) FROM reservation_lines l JOIN reservations r ON r.order_id = l.order_id
             WHERE l.sku = s.sku AND r.state = 'DISPATCHED'
         ) > (SELECT coalesce(sum(a.delta), 0) FROM adjustments a WHERE a.sku = s.sku AND a.delta > 0)",
    ),
    (
        "SKUs whose promises are not those of their reservations",
        "svc-inventory",
        "SELECT count(*) FROM stock s WHERE reserved <> (
             SELECT coalesce(sum(l.quantity), 0) FROM reservation_lines l JOIN reservations r ON r.order_id = l.order_id
             WHERE l.sku = s.sku AND r.state = 'RESERVED'
         ) OR allocated <> (
             SELECT coalesce(sum(l.quantity), 0) FROM reservation_lines l JOIN reservations r ON r.order_id = l.order_id
             WHERE l.sku = s.sku AND r.state = 'ALLOCATED'
         )",
    ),
    (
        "reservations that outlived their expiry",
        "svc-inventory",
        "SELECT count(*) FROM reservations WHERE state = 'RESERVED' AND expire_time < {now}",
    ),
    ("payments under way", "svc-payments", "SELECT count(*) FROM payments WHERE state IN ('AUTHORIZING', 'CLOSING')"),
    (
        "payments that are not what the sandbox says",
        "svc-payments",
        "SELECT count(*) FROM payments p LEFT JOIN sandbox_intents s ON s.provider_ref = p.provider_ref
         WHERE p.provider = 'sandbox' AND p.provider_ref IS NOT NULL
         AND (s.provider_ref IS NULL OR p.held <> s.held OR p.captured <> s.captured OR p.refunded <> (
             SELECT coalesce(sum(r.amount), 0) FROM sandbox_refunds r
             WHERE r.intent_ref = s.provider_ref AND r.status = 'SUCCEEDED'
         ))",
    ),
    (
        "objects of the sandbox with money of no payment",
        "svc-payments",
        "SELECT count(*) FROM sandbox_intents s WHERE held + captured > 0
         AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.provider_ref = s.provider_ref)",
    ),
    (
        "operations whose postings do not sum to zero",
        "svc-payments",
        "SELECT count(*) FROM (
             SELECT operation_id FROM postings GROUP BY operation_id HAVING sum(amount) <> 0
         ) AS wrong",
    ),
];

//! A pool of connections, with what is measured of those who wait for one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use net::telemetry::{Durations, Telemetry};
use opentelemetry::KeyValue;
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, Pool, Postgres, Transaction,
    pool::PoolConnection,
};
use tokio::time::Instant;

/// The connections of one pool. Cheap to clone.
pub(super) struct Connections<DB: sqlx::Database>(Arc<Inner<DB>>);

struct Inner<DB: sqlx::Database> {
    /// As metrics name it.
    name: &'static str,
    pool: Pool<DB>,
    waiting: AtomicU64,
    timeouts: AtomicU64,
    /// Once somebody measures, with the labels of all metrics.
    waits: OnceLock<(Durations<()>, [KeyValue; 2])>,
}

impl<DB: sqlx::Database> Connections<DB> {
    pub(super) fn new(name: &'static str, pool: Pool<DB>) -> Self {
        Self(Arc::new(Inner {
            name,
            pool,
            waiting: AtomicU64::default(),
            timeouts: AtomicU64::default(),
            waits: OnceLock::new(),
        }))
    }

    pub(super) async fn acquire(&self) -> Result<PoolConnection<DB>, sqlx::Error> {
        let waiting = Waiting::start(&self.0);
        waiting.end(self.0.pool.acquire().await)
    }

    pub(super) async fn begin(&self) -> Result<Transaction<'static, DB>, sqlx::Error> {
        let waiting = Waiting::start(&self.0);
        waiting.end(self.0.pool.begin().await)
    }

    pub(super) async fn begin_with(
        &self,
        statement: &'static str,
    ) -> Result<Transaction<'static, DB>, sqlx::Error> {
        let waiting = Waiting::start(&self.0);
        waiting.end(self.0.pool.begin_with(statement).await)
    }

    pub(super) async fn close(&self) {
        self.0.pool.close().await;
    }

    /// Tells of it as metrics of this service (semantic conventions for database client metrics).
    pub(super) fn measure(&self, service: &'static str, telemetry: &Telemetry) {
        let meter = telemetry.meter();
        let labels = [
            KeyValue::new("service.name", service),
            KeyValue::new("db.client.connection.pool.name", self.0.name),
        ];
        let name = "db.client.connection.wait_time";
        let waits = Durations::new(&meter, name, "waiting for a connection");
        if self.0.waits.set((waits, labels.clone())).is_err() {
            return;
        }
        let [service, pool] = labels.clone();
        let about = [
            "db.client.connection.count",
            "{connection}",
            "Connections of the pool",
        ];
        telemetry.gauge_of(about, &self.0, move |inner, gauge| {
            for (state, number) in [("idle", inner.idle()), ("used", inner.used())] {
                let state = KeyValue::new("db.client.connection.state", state);
                gauge.observe(number, &[service.clone(), pool.clone(), state]);
            }
        });
        let of_pool = labels.clone();
        let about = [
            "db.client.connection.max",
            "{connection}",
            "How many connections the pool may have",
        ];
        telemetry.gauge_of(about, &self.0, move |inner, gauge| {
            gauge.observe(inner.pool.options().get_max_connections().into(), &of_pool);
        });
        let of_pool = labels.clone();
        let about = [
            "db.client.connection.pending_requests",
            "{request}",
            "Who waits for a connection",
        ];
        telemetry.gauge_of(about, &self.0, move |inner, gauge| {
            gauge.observe(inner.waiting.load(Ordering::Relaxed), &of_pool);
        });
        let about = [
            "db.client.connection.timeouts",
            "{timeout}",
            "Who waited for a connection in vain",
        ];
        telemetry.counter_of(about, &self.0, move |inner, counter| {
            counter.observe(inner.timeouts.load(Ordering::Relaxed), &labels);
        });
    }
}

impl Connections<Postgres> {
    /// Whether the server answers over this connection, which is made anew where there is none.
    pub(super) async fn ping(&self, own: &mut Option<PgConnection>) -> Result<(), sqlx::Error> {
        let mut connection = match own.take() {
            Some(connection) => connection,
            None => self.0.pool.connect_options().connect().await?,
        };
        connection.ping().await?;
        *own = Some(connection);
        Ok(())
    }
}

impl<DB: sqlx::Database> Inner<DB> {
    fn idle(&self) -> u64 {
        self.pool.num_idle() as u64
    }

    fn used(&self) -> u64 {
        u64::from(self.pool.size()).saturating_sub(self.idle())
    }
}

impl<DB: sqlx::Database> Clone for Connections<DB> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Somebody waits for a connection until this is dropped.
struct Waiting<'a, DB: sqlx::Database> {
    inner: &'a Inner<DB>,
    since: Instant,
}

impl<'a, DB: sqlx::Database> Waiting<'a, DB> {
    fn start(inner: &'a Inner<DB>) -> Self {
        inner.waiting.fetch_add(1, Ordering::Relaxed);
        Self {
            inner,
            since: Instant::now(),
        }
    }

    /// With what came of it.
    fn end<T>(self, acquired: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        if matches!(acquired, Err(sqlx::Error::PoolTimedOut)) {
            self.inner.timeouts.fetch_add(1, Ordering::Relaxed);
        }
        acquired
    }
}

impl<DB: sqlx::Database> Drop for Waiting<'_, DB> {
    fn drop(&mut self) {
        self.inner.waiting.fetch_sub(1, Ordering::Relaxed);
        if let Some((waits, labels)) = self.inner.waits.get() {
            waits.record(self.since.elapsed(), (), |()| labels.to_vec());
        }
    }
}

/// Runs one statement on whichever database the [`Tx`](crate::Tx) is of, and gives the number of
/// rows it changed: `Result<u64, store::Error>`. The await is inside.
///
/// ```ignore
/// store::execute!(tx, "UPDATE stock SET on_hand = on_hand + $1 WHERE sku = $2", delta, sku)?;
/// ```
#[macro_export]
macro_rules! execute {
    ($tx:expr, $sql:expr $(, $argument:expr)* $(,)?) => {{
        let sql = $crate::sqlx::SqlSafeStr::into_sql_str($sql);
        let $crate::Connection { driver, measured } = $tx.connection();
        let running = measured.run(sql.as_str());
        let result = match driver {
            $crate::Driver::Postgres(connection) => {
                $crate::sqlx::query::<$crate::sqlx::Postgres>(sql)
                    $(.bind($argument))*
                    .execute(connection)
                    .await
                    .map(|done| done.rows_affected())
            }
            $crate::Driver::Sqlite(connection, pace) => {
                pace.of(
                    $crate::sqlx::query::<$crate::sqlx::Sqlite>(sql)
                        $(.bind($argument))*
                        .execute(connection),
                )
                .await
                .map(|done| done.rows_affected())
            }
        };
        drop(running);
        result.map_err($crate::Error::from)
    }};
}

/// Reads exactly one row: `Result<Row, store::Error>`. `Row` derives `sqlx::FromRow` or is a tuple.
///
/// ```ignore
/// let (count,) = store::fetch_one!(tx, (i64,), "SELECT count(*) FROM orders")?;
/// ```
#[macro_export]
macro_rules! fetch_one {
    ($tx:expr, $row:ty, $sql:expr $(, $argument:expr)* $(,)?) => {
        $crate::__fetch!(fetch_one, $tx, $row, $sql $(, $argument)*)
    };
}

/// Reads a row if there is one: `Result<Option<Row>, store::Error>`.
#[macro_export]
macro_rules! fetch_optional {
    ($tx:expr, $row:ty, $sql:expr $(, $argument:expr)* $(,)?) => {
        $crate::__fetch!(fetch_optional, $tx, $row, $sql $(, $argument)*)
    };
}

/// Reads all rows: `Result<Vec<Row>, store::Error>`.
#[macro_export]
macro_rules! fetch_all {
    ($tx:expr, $row:ty, $sql:expr $(, $argument:expr)* $(,)?) => {
        $crate::__fetch!(fetch_all, $tx, $row, $sql $(, $argument)*)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __fetch {
    ($fetch:ident, $tx:expr, $row:ty, $sql:expr $(, $argument:expr)*) => {{
        let sql = $crate::sqlx::SqlSafeStr::into_sql_str($sql);
        let $crate::Connection { driver, measured } = $tx.connection();
        let running = measured.run(sql.as_str());
        let result = match driver {
            $crate::Driver::Postgres(connection) => {
                $crate::sqlx::query_as::<$crate::sqlx::Postgres, $row>(sql)
                    $(.bind($argument))*
                    .$fetch(connection)
                    .await
            }
            $crate::Driver::Sqlite(connection, pace) => {
                pace.of(
                    $crate::sqlx::query_as::<$crate::sqlx::Sqlite, $row>(sql)
                        $(.bind($argument))*
                        .$fetch(connection),
                )
                .await
            }
        };
        drop(running);
        result.map_err($crate::Error::from)
    }};
}

/// The migrations of the calling crate, from `migrations/postgres` and `migrations/sqlite`, both
/// with the same versions. The crate needs `sqlx` among its dependencies.
#[macro_export]
macro_rules! migrations {
    () => {
        $crate::Migrations {
            postgres: $crate::sqlx::migrate!("migrations/postgres"),
            sqlite: $crate::sqlx::migrate!("migrations/sqlite"),
        }
    };
    ("migrations") => {
        $crate::migrations!()
    };
}

//! SQLSTATE codes (PostgreSQL documentation, appendix A).

use sqlx::postgres::PgDatabaseError;

use super::{Class, Violation, ViolationKind};

pub(crate) const NO_SUCH_DATABASE: &str = "3D000";
pub(crate) const DATABASE_EXISTS: &str = "42P04";
pub(crate) const UNIQUE_VIOLATION: &str = "23505";

/// Whether the server answered with this code.
pub(crate) fn is(error: &sqlx::Error, code: &str) -> bool {
    error
        .as_database_error()
        .and_then(|error| error.code())
        .is_some_and(|found| found == code)
}

/// Whether it may go away by waiting: the server is away or starting, the operator has yet to
/// set the password or create the role.
pub(crate) fn may_come(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            unavailable(&code) || code.starts_with("28") || code == NO_SUCH_DATABASE
        }),
        _ => false,
    }
}

/// What the server or the network said, without the wrapping.
pub(crate) fn short(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Io(error) => error.to_string(),
        sqlx::Error::Database(error) => error.message().to_owned(),
        error => error.to_string(),
    }
}

pub(super) fn classify(error: &PgDatabaseError) -> Class {
    match error.code() {
        "23505" => Class::Violation(unique(error)),
        "23503" => Class::Violation(Violation {
            kind: ViolationKind::ForeignKey,
            table: None,
            columns: Vec::new(),
            constraint: None,
        }),
        "23514" => Class::Violation(Violation {
            kind: ViolationKind::Check,
            table: None,
            columns: Vec::new(),
            constraint: error.constraint().map(str::to_owned),
        }),
        "23502" => Class::Violation(Violation {
            kind: ViolationKind::NotNull,
            table: error.table().map(str::to_owned),
            columns: error.column().map(str::to_owned).into_iter().collect(),
            constraint: None,
        }),
        // serialization_failure, deadlock_detected, lock_not_available
        "40001" | "40P01" | "55P03" => Class::Conflict,
        code if unavailable(code) => Class::Unavailable,
        _ => Class::Other,
    }
}

/// Connection exceptions, too few resources, trouble of the server's own (its files, and what it calls
/// internal, as when a new connection finds the disk full), shutdown and crash, a standby that took no
/// writes, a statement that ran into its timeout.
fn unavailable(code: &str) -> bool {
    ["08", "53", "58", "XX"]
        .iter()
        .any(|class| code.starts_with(class))
        || matches!(
            code,
            "57P01" | "57P02" | "57P03" | "57P05" | "57014" | "25006" | "25P03"
        )
}

/// The columns stand in the detail: `Key (sku, region)=(A, B) already exists.`
fn unique(error: &PgDatabaseError) -> Violation {
    let columns: Vec<String> = error
        .detail()
        .and_then(|detail| detail.strip_prefix("Key (")?.split_once(")=("))
        .map(|(columns, _)| {
            columns
                .split(", ")
                .map(|c| c.trim_matches('"').to_owned())
                .collect()
        })
        .unwrap_or_default();
    let kind = ViolationKind::Unique;
    if columns.is_empty() || columns.iter().any(|column| column.contains('(')) {
        let constraint = error.constraint().map(str::to_owned);
        Violation {
            kind,
            table: None,
            columns: Vec::new(),
            constraint,
        }
    } else {
        Violation {
            kind,
            table: error.table().map(str::to_owned),
            columns,
            constraint: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::unavailable;

    /// A full disk shows as each of these, and says nothing of what was asked.
    #[test]
    fn what_is_the_servers_own_trouble_may_go_away() {
        for code in ["53100", "58030", "XX000"] {
            assert!(unavailable(code), "{code}");
        }
        for code in ["23505", "42703", "22P02", "P0001"] {
            assert!(!unavailable(code), "{code}");
        }
    }
}

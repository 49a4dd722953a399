use std::time::Duration;

use runtime::status::{Problem, Reason};
use sqlx::{error::DatabaseError, postgres::PgDatabaseError};
use tonic::{Code, Status};

pub(crate) mod postgres;
mod sqlite;

/// What went wrong with the database, the same on both.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A constraint refused the change.
    #[error("{0}")]
    Violation(Violation, #[source] sqlx::Error),
    /// The database is away, or no connection was free in time.
    #[error("the database is unavailable")]
    Unavailable(#[source] sqlx::Error),
    /// It lost against another transaction (serialization, deadlock, a lock not given in time):
    /// nothing was changed, and trying again helps.
    #[error("lost against another transaction")]
    Conflict(#[source] sqlx::Error),
    /// Another call with the same idempotency key got the claim.
    #[error("a request with the same idempotency key is in progress")]
    ClaimLost,
    /// A row holds what no version of its service has written.
    #[error("a row cannot be read: {0}")]
    Unreadable(String),
    /// A mistake of ours: wrong SQL, a type that does not fit its column.
    #[error("database: {0}")]
    Other(#[source] sqlx::Error),
}

/// Which constraint refused. What SQLite does not tell is not told for Postgres either:
/// tell violations apart by table and columns (unique, not null), or by the constraint's name
/// (checks, which must be named, and unique indexes over expressions).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which rule.
    pub kind: ViolationKind,
    /// The table, for unique and not null.
    pub table: Option<String>,
    /// The columns in the constraint's order, for unique and not null.
    pub columns: Vec<String>,
    /// The constraint's name, for checks and unique indexes over expressions.
    pub constraint: Option<String>,
}

/// The kinds of constraints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViolationKind {
    /// There is such a row already.
    Unique,
    /// The row that it refers to does not exist, or is still referred to.
    ForeignKey,
    /// A check does not hold.
    Check,
    /// A value is missing.
    NotNull,
}

impl Violation {
    /// Whether a row with the same values in these columns of the table exists already.
    #[must_use]
    pub fn is_unique(&self, table: &str, columns: &[&str]) -> bool {
        self.kind == ViolationKind::Unique
            && self.table.as_deref() == Some(table)
            && self.columns == columns
    }

    /// Whether the check, or the unique index over expressions, of this name refused.
    #[must_use]
    pub fn is(&self, constraint: &str) -> bool {
        self.constraint.as_deref() == Some(constraint)
    }
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} violation", self.kind)?;
        if let Some(table) = &self.table {
            write!(f, " of {table} ({})", self.columns.join(", "))?;
        }
        match &self.constraint {
            Some(constraint) => write!(f, " of {constraint}"),
            None => Ok(()),
        }
    }
}

impl Error {
    /// A row of this kind, such as `product`, that no version of its service has written so. A single
    /// column that cannot be read is found out by `#[sqlx(try_from = "String")]`.
    #[must_use]
    pub fn unreadable(kind: &str, id: impl std::fmt::Display) -> Self {
        Self::Unreadable(format!("{kind} {id}"))
    }

    /// The constraint that refused, if one did.
    #[must_use]
    pub fn violation(&self) -> Option<&Violation> {
        match self {
            Self::Violation(violation, _) => Some(violation),
            _ => None,
        }
    }

    /// Whether the database was away.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// Whether the same may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unavailable(_) | Self::Conflict(_) | Self::ClaimLost
        )
    }

    /// As callers see it: UNAVAILABLE with RetryInfo, ABORTED for a lost claim, else INTERNAL.
    /// Violations that mean something are for the caller of the store to map before.
    #[must_use]
    pub fn problem(&self) -> Problem {
        match self {
            Self::Unavailable(error) => {
                tracing::warn!(%error, "the database is unavailable");
                Problem::unavailable("the database")
            }
            Self::Conflict(error) => {
                tracing::warn!(%error, "lost against another transaction");
                Problem::unavailable("the database").retry_after(Duration::from_millis(100))
            }
            Self::ClaimLost => {
                Problem::new(Reason::RequestInProgress, Code::Aborted, self.to_string())
                    .retry_after(Duration::from_secs(1))
            }
            Self::Violation(..) | Self::Unreadable(_) | Self::Other(_) => Problem::internal(self),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        error.problem().into()
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match &error {
            // A server that dies may do so in the middle of a message (Protocol).
            E::Io(_)
            | E::Protocol(_)
            | E::Tls(_)
            | E::PoolTimedOut
            | E::PoolClosed
            | E::WorkerCrashed
            | E::BeginFailed => Self::Unavailable(error),
            E::Database(cause) => match classify(&**cause) {
                Class::Violation(violation) => Self::Violation(violation, error),
                Class::Unavailable => Self::Unavailable(error),
                Class::Conflict => Self::Conflict(error),
                Class::Other => Self::Other(error),
            },
            E::ColumnDecode { .. } => Self::Unreadable(error.to_string()),
            _ => Self::Other(error),
        }
    }
}

enum Class {
    Violation(Violation),
    Unavailable,
    Conflict,
    Other,
}

fn classify(error: &dyn DatabaseError) -> Class {
    match error.try_downcast_ref::<PgDatabaseError>() {
        Some(error) => postgres::classify(error),
        None => sqlite::classify(error),
    }
}

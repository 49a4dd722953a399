//! SQLite's result codes, and its messages: it tells of constraints nowhere else.

use sqlx::error::{DatabaseError, ErrorKind};

use super::{Class, Violation, ViolationKind};

pub(super) fn classify(error: &dyn DatabaseError) -> Class {
    let kind = match error.kind() {
        ErrorKind::UniqueViolation => ViolationKind::Unique,
        ErrorKind::ForeignKeyViolation => ViolationKind::ForeignKey,
        ErrorKind::CheckViolation => ViolationKind::Check,
        ErrorKind::NotNullViolation => ViolationKind::NotNull,
        _ => return of_code(error),
    };
    Class::Violation(violation(kind, error.message()))
}

/// `UNIQUE constraint failed: products.sku, products.region`,
/// `UNIQUE constraint failed: index 'users_email'`, `CHECK constraint failed: not_negative`.
fn violation(kind: ViolationKind, message: &str) -> Violation {
    let mut violation = Violation {
        kind,
        table: None,
        columns: Vec::new(),
        constraint: None,
    };
    let subject = message
        .split_once("failed: ")
        .map_or("", |(_, subject)| subject);
    if let Some(index) = subject
        .strip_prefix("index '")
        .and_then(|s| s.strip_suffix('\''))
    {
        violation.constraint = Some(index.to_owned());
    } else if kind == ViolationKind::Check {
        violation.constraint = Some(subject.to_owned());
    } else if kind != ViolationKind::ForeignKey {
        for (table, column) in subject.split(", ").filter_map(|c| c.split_once('.')) {
            violation.table = Some(table.to_owned());
            violation.columns.push(column.to_owned());
        }
    }
    violation
}

/// Primary result codes (sqlite.org, "Result and Error Codes"): the lowest byte.
fn of_code(error: &dyn DatabaseError) -> Class {
    const BUSY: i32 = 5;
    const LOCKED: i32 = 6;
    const IO: i32 = 10;
    const FULL: i32 = 13;
    const CANNOT_OPEN: i32 = 14;
    let code = error
        .code()
        .and_then(|code| code.parse::<i32>().ok())
        .unwrap_or(0);
    match code & 0xff {
        BUSY | LOCKED => Class::Conflict,
        IO | FULL | CANNOT_OPEN => Class::Unavailable,
        _ => Class::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_and_columns_come_from_the_message() {
        let violation = violation(
            ViolationKind::Unique,
            "UNIQUE constraint failed: stock.sku, stock.region",
        );
        assert!(violation.is_unique("stock", &["sku", "region"]));
    }

    #[test]
    fn an_index_over_an_expression_is_known_by_its_name() {
        let message = "UNIQUE constraint failed: index 'users_email'";
        assert!(violation(ViolationKind::Unique, message).is("users_email"));
    }
}

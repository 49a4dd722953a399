//! Errors with what caused them.

use std::error::Error;

/// An error and what caused it, in a line.
pub fn causes(error: &dyn Error) -> String {
    let mut causes = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        causes = format!("{causes}: {cause}");
        source = cause.source();
    }
    causes
}

//! What the RPCs work with.

use store::Database;

/// The payments.
#[derive(Clone)]
pub(crate) struct Payments {
    #[allow(dead_code, reason = "nothing is kept yet")]
    pub(crate) db: Database,
}

impl Payments {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
    }
}

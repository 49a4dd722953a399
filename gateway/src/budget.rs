//! How many calls may be tried again: a fifth of the calls there are, and ten a second, so that
//! retries never become the load that keeps an upstream down.

use std::time::Duration;

use tower::retry::budget::{Budget as _, TpsBudget};

/// One thread's budget.
pub(crate) struct RetryBudget(TpsBudget);

impl Default for RetryBudget {
    fn default() -> Self {
        Self(TpsBudget::new(Duration::from_secs(10), 10, 0.2))
    }
}

impl RetryBudget {
    /// A call is made for the first time.
    pub(crate) fn deposit(&self) {
        self.0.deposit();
    }

    /// Whether a call may be made once more.
    pub(crate) fn withdraw(&self) -> bool {
        self.0.withdraw()
    }
}

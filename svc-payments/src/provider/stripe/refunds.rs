//! Refunds (docs.stripe.com/api/refunds/object).

use std::collections::HashMap;

use serde::Deserialize;

use super::amounts;
use super::client::{Object, unreadable};
use super::intents::id_in;
use crate::domain::snapshot::{ProviderRefund, RefundStatus};
use crate::provider::Failure;

/// The key of metadata under which Stripe is told our id of the refund.
pub(super) const REFUND_ID: &str = "refund_id";
/// What Stripe did by itself with a hold that nobody captured: no money comes back by it.
const HOLD_EXPIRED: &str = "expired_uncaptured_charge";

/// What is read of a Refund.
#[derive(Deserialize)]
pub(super) struct Refund {
    id: String,
    amount: i64,
    currency: String,
    status: Option<String>,
    failure_reason: Option<String>,
    reason: Option<String>,
    metadata: Option<HashMap<String, String>>,
}

impl Object for Refund {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Refund {
    /// Whether it gives captured money back.
    pub(super) fn is_of_money(&self) -> bool {
        self.reason.as_deref() != Some(HOLD_EXPIRED)
    }

    /// As payments know it.
    pub(super) fn read(&self) -> Result<ProviderRefund, Failure> {
        let currency = amounts::currency(&self.currency)?;
        let metadata = self.metadata.as_ref();
        Ok(ProviderRefund {
            provider_ref: self.id.clone(),
            refund_id: metadata.and_then(|metadata| id_in(metadata, REFUND_ID)),
            amount: amounts::read(currency, self.amount)?,
            status: self.status()?,
        })
    }

    fn status(&self) -> Result<RefundStatus, Failure> {
        let failed = |code: Option<&str>| RefundStatus::Failed {
            code: code.unwrap_or("unknown").to_owned(),
        };
        Ok(match self.status.as_deref() {
            // Of some means of payment it is not said at once.
            Some("pending" | "requires_action") | None => RefundStatus::Pending,
            Some("succeeded") => RefundStatus::Succeeded,
            Some("failed") => failed(self.failure_reason.as_deref()),
            Some("canceled") => failed(Some("canceled")),
            Some(other) => return Err(unreadable(format!("the status {other:?}"))),
        })
    }
}

//! Disputes (docs.stripe.com/api/disputes/object).

use serde::Deserialize;

use super::amounts;
use super::client::Object;
use super::intents::time;
use crate::domain::snapshot::{DisputeStatus, Intent, ProviderDispute};
use crate::provider::Failure;

/// What is read of a Dispute.
#[derive(Deserialize)]
pub(super) struct Dispute {
    id: String,
    amount: i64,
    currency: String,
    reason: String,
    status: String,
    created: i64,
    #[serde(default)]
    evidence_details: Evidence,
}

#[derive(Default, Deserialize)]
struct Evidence {
    due_by: Option<i64>,
}

impl Object for Dispute {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Dispute {
    /// As payments know it; `None` while no money was taken back: the bank inquires first, or the dispute
    /// was prevented.
    pub(super) fn read(&self, of: &Intent) -> Result<Option<ProviderDispute>, Failure> {
        let status = match self.status.as_str() {
            "prevented" => return Ok(None),
            inquiry if inquiry.starts_with("warning_") => return Ok(None),
            "won" => DisputeStatus::Won,
            "lost" => DisputeStatus::Lost,
            _ => DisputeStatus::Open,
        };
        let currency = amounts::currency(&self.currency)?;
        // In the bank's currency it says nothing of how much of the payment it is.
        let amount = match currency == of.currency {
            true => amounts::read(currency, self.amount)?,
            false => of.captured,
        };
        // 0 where nothing can be said to it.
        let due = self.evidence_details.due_by.filter(|due| *due != 0);
        Ok(Some(ProviderDispute {
            provider_ref: self.id.clone(),
            amount,
            reason: self.reason.clone(),
            status,
            evidence_due_time: due.map(time).transpose()?,
            create_time: time(self.created)?,
        }))
    }
}

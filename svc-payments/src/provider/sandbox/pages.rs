//! What the buyer does at the bank.

use money::Money;
use store::Error;

use super::calls::known;
use super::tables::{self, Row};
use super::{HOLD, Sandbox, page};
use crate::provider::{Action, Failure};

impl Sandbox {
    pub(super) async fn action_of(&self, object: &str) -> Result<Option<Action>, Failure> {
        let mut tx = self.db.begin().await?;
        let row = known(&mut tx, object).await?;
        Ok((row.status == "ACTION").then(|| Action {
            // Of the same site as what was asked.
            redirect_url: format!("/v1/payment-providers/sandbox/actions/{}", row.action_id).into(),
            client_secret: String::new().into(),
        }))
    }

    /// The page of an action; none if there is no such action.
    pub(crate) async fn show(&self, action: &str) -> Result<Option<String>, Error> {
        let mut tx = self.db.begin().await?;
        self.advance(&mut tx).await?;
        let row = tables::of_action(&mut tx, action).await?;
        self.commit(tx).await?;
        row.map(|row| row.page()).transpose()
    }

    /// What the buyer did, once, and the page that follows.
    pub(crate) async fn finish(
        &self,
        action: &str,
        is_approved: bool,
    ) -> Result<Option<String>, Error> {
        let mut tx = self.db.begin().await?;
        self.advance(&mut tx).await?;
        let Some(found) = tables::of_action(&mut tx, action).await? else {
            return Ok(None);
        };
        let Some(mut row) = tables::lock(&mut tx, &found.provider_ref).await? else {
            return Ok(None);
        };
        if row.status == "ACTION" {
            match is_approved {
                true => row.hold(self.clock.now() + HOLD),
                false => row.decline("authentication_failed"),
            }
            tables::update(&mut tx, &row).await?;
            self.tell(&mut tx, "payment_intent.authenticated", &row)
                .await?;
        }
        self.commit(tx).await?;
        row.page().map(Some)
    }
}

impl Row {
    fn page(&self) -> Result<String, Error> {
        let money = Money {
            currency: self.intent()?.currency,
            minor: self.amount,
        };
        let back = self.return_url.as_deref();
        Ok(match self.status.as_str() {
            "ACTION" => page::question(&self.action_id, &money.to_string()),
            "HELD" | "CAPTURED" => page::outcome("Payment approved", back),
            _ => page::outcome("Payment declined", back),
        })
    }
}

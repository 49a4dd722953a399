//! What the sandbox is asked for.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use store::{Error, Tx};
use uuid::Uuid;

use super::script::{Confirmed, Told, script};
use super::tables::{self, Row};
use super::{HOLD, Sandbox, outgoing};
use crate::domain::snapshot::{Intent, ProviderRefund, RefundStatus, Snapshot};
use crate::provider::{Failure, Listed, NewIntent, UNKNOWN_TOKEN};

/// How late a late reply is, and how long one waits for its event.
const LATE: Duration = Duration::from_secs(3);
/// When a refund fails that fails.
const REFUND_FAILS: TimeDelta = TimeDelta::seconds(30);
/// When a bank decides.
const DISPUTE_ENDS: TimeDelta = TimeDelta::days(1);
const PAGE: i64 = 100;
/// A reply that nobody gets.
const LOST: &str = "lost";

impl Sandbox {
    pub(super) async fn make(&self, key: &str, new: &NewIntent) -> Result<Intent, Failure> {
        let mut tx = self.db.begin().await?;
        if let Some((object, _)) = tables::answered(&mut tx, key).await? {
            return Ok(known(&mut tx, &object).await?.intent()?);
        }
        let row = Row {
            provider_ref: self.new_ref("pi"),
            payment_id: new.payment_id,
            order_id: new.order_id,
            action_id: Uuid::from_bytes(self.random.bytes()).simple().to_string(),
            status: "UNCONFIRMED".to_owned(),
            decline_code: None,
            currency: new.amount.currency.code().to_owned(),
            amount: new.amount.minor,
            held: 0,
            captured: 0,
            token: None,
            return_url: None,
            capture_before: None,
            change_time: None,
            create_time: self.clock.now(),
        };
        tables::insert(&mut tx, &row).await?;
        self.answer(&mut tx, key, &row.provider_ref, None).await?;
        tx.commit().await?;
        Ok(row.intent()?)
    }

    pub(super) async fn pay(
        &self,
        key: &str,
        object: &str,
        token: &str,
        return_url: Option<&str>,
    ) -> Result<Intent, Failure> {
        let mut tx = self.db.begin().await?;
        let mut row = known(&mut tx, object).await?;
        if let Some(answered) = tables::answered(&mut tx, key).await? {
            return again(answered).and_then(|_| Ok(row.intent()?));
        }
        expect(&row, &["UNCONFIRMED"])?;
        let Some(script) = script(token) else {
            self.answer(&mut tx, key, object, Some(UNKNOWN_TOKEN))
                .await?;
            tx.commit().await?;
            return Err(no(UNKNOWN_TOKEN));
        };
        let now = self.clock.now();
        match script.confirmed {
            Confirmed::Nothing => return Err(lost()),
            Confirmed::Held => row.hold(now + script.patience),
            Confirmed::Declined(code) => row.decline(code),
            Confirmed::Action => {
                row.status = "ACTION".to_owned();
                // Who has time comes back whenever it likes.
                row.change_time = (script.patience < HOLD).then(|| now + script.patience);
            }
        }
        row.token = Some(token.to_owned());
        row.return_url = return_url.map(str::to_owned);
        tables::update(&mut tx, &row).await?;
        let refusal = (script.told == Told::Broken).then_some(LOST);
        self.answer(&mut tx, key, object, refusal).await?;
        self.tell(&mut tx, "payment_intent.confirmed", &row).await?;
        self.commit(tx).await?;
        match script.told {
            Told::AtOnce => {}
            Told::Lost | Told::Broken => return Err(lost()),
            Told::Late => tokio::time::sleep(LATE).await,
            Told::AfterTheEvent => {
                let _ = tokio::time::timeout(LATE, self.told(object)).await;
            }
        }
        Ok(row.intent()?)
    }

    /// Waits until the events of an object were told.
    async fn told(&self, object: &str) -> Result<(), Error> {
        loop {
            let mut tx = self.db.read().await?;
            if outgoing::are_told(&mut tx, object).await? {
                return Ok(());
            }
            drop(tx);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(super) async fn take(
        &self,
        key: &str,
        object: &str,
        amount: i64,
    ) -> Result<Intent, Failure> {
        let mut tx = self.db.begin().await?;
        self.advance(&mut tx).await?;
        let mut row = known(&mut tx, object).await?;
        if let Some(answered) = tables::answered(&mut tx, key).await? {
            return again(answered).and_then(|_| Ok(row.intent()?));
        }
        expect(&row, &["HELD"])?;
        let script = row.token.as_deref().and_then(script);
        if script.is_some_and(|script| script.is_capture_refused) {
            self.answer(&mut tx, key, object, Some("capture_refused"))
                .await?;
            tx.commit().await?;
            return Err(no("capture_refused"));
        }
        if amount > row.held {
            return Err(no("amount_too_large"));
        }
        (row.captured, row.held) = (amount, 0);
        row.status = "CAPTURED".to_owned();
        row.change_time = None;
        tables::update(&mut tx, &row).await?;
        self.answer(&mut tx, key, object, None).await?;
        self.tell(&mut tx, "payment_intent.succeeded", &row).await?;
        if script.is_some_and(|script| script.is_disputed) {
            let (dispute, now) = (self.new_ref("dp"), self.clock.now());
            let ends = now + DISPUTE_ENDS;
            tables::insert_dispute(&mut tx, object, &dispute, amount, ends, now).await?;
            self.tell(&mut tx, "charge.dispute.created", &row).await?;
        }
        self.commit(tx).await?;
        Ok(row.intent()?)
    }

    pub(super) async fn void(&self, key: &str, object: &str) -> Result<Intent, Failure> {
        let mut tx = self.db.begin().await?;
        let mut row = known(&mut tx, object).await?;
        if let Some(answered) = tables::answered(&mut tx, key).await? {
            return again(answered).and_then(|_| Ok(row.intent()?));
        }
        expect(&row, &["UNCONFIRMED", "ACTION", "HELD", "DECLINED"])?;
        row.held = 0;
        row.status = "CANCELED".to_owned();
        row.change_time = None;
        tables::update(&mut tx, &row).await?;
        self.answer(&mut tx, key, object, None).await?;
        self.tell(&mut tx, "payment_intent.canceled", &row).await?;
        self.commit(tx).await?;
        Ok(row.intent()?)
    }

    pub(super) async fn give_back(
        &self,
        key: &str,
        object: &str,
        refund_id: Uuid,
        amount: i64,
    ) -> Result<ProviderRefund, Failure> {
        let mut tx = self.db.begin().await?;
        let row = known(&mut tx, object).await?;
        let refunds = tables::refunds(&mut tx, object).await?;
        if let Some(answered) = tables::answered(&mut tx, key).await? {
            let known = again(answered)?;
            let found = refunds.into_iter().find(|it| it.provider_ref == known);
            return found.ok_or_else(lost);
        }
        expect(&row, &["CAPTURED"])?;
        if given(&refunds) + amount > row.captured {
            return Err(no("amount_too_large"));
        }
        let fails = (row.token.as_deref().and_then(script))
            .is_some_and(|script| script.do_refunds_fail)
            .then(|| self.clock.now() + REFUND_FAILS);
        let refund = self.new_ref("re");
        tables::insert_refund(&mut tx, object, &refund, refund_id, amount, fails).await?;
        self.answer(&mut tx, key, &refund, None).await?;
        self.tell(&mut tx, "charge.refunded", &row).await?;
        self.commit(tx).await?;
        Ok(ProviderRefund {
            provider_ref: refund,
            refund_id: Some(refund_id),
            amount,
            status: match fails {
                Some(_) => RefundStatus::Pending,
                None => RefundStatus::Succeeded,
            },
        })
    }

    pub(super) async fn see(&self, object: &str) -> Result<Snapshot, Failure> {
        let mut tx = self.db.begin().await?;
        self.advance(&mut tx).await?;
        let row = known(&mut tx, object).await?;
        let snapshot = tables::snapshot(&mut tx, &row).await?;
        self.commit(tx).await?;
        Ok(snapshot)
    }

    pub(super) async fn page_of(
        &self,
        before: Option<&str>,
        create_after: Option<DateTime<Utc>>,
    ) -> Result<(Vec<Listed>, Option<String>), Failure> {
        let mut tx = self.db.read().await?;
        let after = create_after.unwrap_or(DateTime::UNIX_EPOCH);
        let mut rows = tables::list(&mut tx, before, after, PAGE + 1).await?;
        let is_last = rows.len() <= PAGE as usize;
        rows.truncate(PAGE as usize);
        let next = rows.last().map(|row| row.provider_ref.clone());
        let mut listed = Vec::with_capacity(rows.len());
        for row in rows {
            let refunds = tables::refunds(&mut tx, &row.provider_ref).await?;
            let done = refunds
                .iter()
                .filter(|it| it.status == RefundStatus::Succeeded);
            listed.push(Listed {
                intent: row.intent()?,
                refunded: done.map(|it| it.amount).sum(),
            });
        }
        Ok((listed, next.filter(|_| !is_last)))
    }
}

pub(super) async fn known(tx: &mut Tx, object: &str) -> Result<Row, Failure> {
    let row = tables::lock(tx, object).await?;
    row.ok_or_else(|| no("resource_missing"))
}

/// What was answered before: the object.
fn again((object, refusal): (String, Option<String>)) -> Result<String, Failure> {
    match refusal.as_deref() {
        None => Ok(object),
        Some(LOST) => Err(lost()),
        Some(code) => Err(no(code)),
    }
}

fn expect(row: &Row, states: &[&str]) -> Result<(), Failure> {
    match states.contains(&row.status.as_str()) {
        true => Ok(()),
        false => Err(no("unexpected_state")),
    }
}

fn given(refunds: &[ProviderRefund]) -> i64 {
    let is_live = |it: &&ProviderRefund| !matches!(it.status, RefundStatus::Failed { .. });
    refunds.iter().filter(is_live).map(|it| it.amount).sum()
}

fn no(code: &str) -> Failure {
    Failure::Refused {
        code: code.to_owned(),
        message: "the sandbox was told to".to_owned(),
    }
}

fn lost() -> Failure {
    Failure::Unknown("the sandbox lost the reply".to_owned())
}

//! A provider that is built in: no money moves, and otherwise it behaves like one. It keeps its objects
//! in tables of its own, answers again what was asked under the same key, loses replies, changes its
//! objects by itself as time passes, and tells of it by signed events. How a payment goes, its token
//! says ([`script`]).

mod calls;
pub(crate) mod delivery;
mod event;
mod outgoing;
mod page;
mod pages;
mod script;
mod tables;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use money::{Currency, Money};
use net::clock::Clock;
use net::random::Random;
use runtime::seal::EncryptionKey;
use secrecy::{ExposeSecret as _, SecretString};
use store::{Database, Error, Tx};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{
    Action, Answer, EventError, Failure, Listed, NewIntent, Provider, ProviderEvent, signature,
};
use crate::domain::snapshot::{Intent, ProviderRefund, Snapshot};
use script::script;
use tables::Row;

pub(crate) use tables::REMOVE_OLD;

pub(crate) const NAME: &str = "sandbox";
/// How long money is held once the buyer has approved.
const HOLD: TimeDelta = TimeDelta::days(7);

/// The provider.
#[derive(Clone)]
pub(crate) struct Sandbox {
    db: Database,
    clock: Clock,
    random: Random,
    secret: [u8; 32],
    /// Wakes whoever sends events.
    wake: Arc<Notify>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Unknown(error.to_string())
    }
}

impl Sandbox {
    pub(crate) fn new(db: Database, key: &EncryptionKey, clock: Clock, random: Random) -> Self {
        Self {
            secret: key.derive("sandbox events"),
            db,
            clock,
            random,
            wake: Arc::default(),
        }
    }

    fn new_ref(&self, kind: &str) -> String {
        format!("{kind}_{}", self.random.uuid7(&self.clock).simple())
    }

    /// Tells of a change, in the transaction that makes it.
    async fn tell(&self, tx: &mut Tx, kind: &str, row: &Row) -> Result<(), Error> {
        let script = row.token.as_deref().and_then(script);
        let times = script.map_or(1, |script| script.times);
        let (id, now) = (self.new_ref("evt"), self.clock.now());
        outgoing::tell(tx, &id, kind, &row.provider_ref, times, now).await
    }

    /// Remembers what is answered under a key.
    async fn answer(
        &self,
        tx: &mut Tx,
        key: &str,
        object: &str,
        refusal: Option<&str>,
    ) -> Result<(), Error> {
        tables::answer(tx, key, object, refusal, self.clock.now()).await
    }

    async fn commit(&self, tx: Tx) -> Result<(), Error> {
        tx.commit().await?;
        self.wake.notify_one();
        Ok(())
    }

    /// Lets the time pass that has passed.
    async fn advance(&self, tx: &mut Tx) -> Result<(), Error> {
        for object in tables::pass_time(tx, self.clock.now()).await? {
            if let Some(row) = tables::lock(tx, &object).await? {
                self.tell(tx, outgoing::CHANGED, &row).await?;
            }
        }
        Ok(())
    }
}

impl Row {
    fn hold(&mut self, until: DateTime<Utc>) {
        self.status = "HELD".to_owned();
        self.held = self.amount;
        self.capture_before = Some(until);
        self.change_time = Some(until);
    }

    fn decline(&mut self, code: &str) {
        self.status = "DECLINED".to_owned();
        self.decline_code = Some(code.to_owned());
        self.change_time = None;
    }
}

impl Provider for Sandbox {
    fn name(&self) -> &'static str {
        NAME
    }

    fn takes(&self, currency: Currency) -> bool {
        currency.is_in_use()
    }

    fn create<'a>(&'a self, key: &'a str, intent: &'a NewIntent) -> Answer<'a, Intent> {
        Box::pin(self.make(key, intent))
    }

    fn confirm<'a>(
        &'a self,
        key: &'a str,
        provider_ref: &'a str,
        token: &'a SecretString,
        return_url: Option<&'a str>,
    ) -> Answer<'a, Intent> {
        Box::pin(self.pay(key, provider_ref, token.expose_secret(), return_url))
    }

    fn capture<'a>(
        &'a self,
        key: &'a str,
        provider_ref: &'a str,
        amount: Money,
    ) -> Answer<'a, Intent> {
        Box::pin(self.take(key, provider_ref, amount.minor))
    }

    fn cancel<'a>(&'a self, key: &'a str, provider_ref: &'a str) -> Answer<'a, Intent> {
        Box::pin(self.void(key, provider_ref))
    }

    fn refund<'a>(
        &'a self,
        key: &'a str,
        provider_ref: &'a str,
        refund_id: Uuid,
        amount: Money,
    ) -> Answer<'a, ProviderRefund> {
        Box::pin(self.give_back(key, provider_ref, refund_id, amount.minor))
    }

    fn look<'a>(&'a self, provider_ref: &'a str) -> Answer<'a, Snapshot> {
        Box::pin(self.see(provider_ref))
    }

    fn action<'a>(&'a self, provider_ref: &'a str) -> Answer<'a, Option<Action>> {
        Box::pin(self.action_of(provider_ref))
    }

    fn list<'a>(
        &'a self,
        page: Option<&'a str>,
        create_after: Option<DateTime<Utc>>,
    ) -> Answer<'a, (Vec<Listed>, Option<String>)> {
        Box::pin(self.page_of(page, create_after))
    }

    fn event<'h>(
        &self,
        header: &dyn Fn(&str) -> Option<&'h str>,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<ProviderEvent, EventError> {
        let header = header(signature::HEADER).ok_or(EventError::SignatureInvalid)?;
        if !signature::holds(&self.secret, header, body, now, signature::TOLERANCE) {
            return Err(EventError::SignatureInvalid);
        }
        event::read(body).ok_or(EventError::Malformed)
    }
}

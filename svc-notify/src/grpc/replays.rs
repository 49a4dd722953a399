//! Sending what was sent before, or what never happened.

use chrono::{DateTime, Datelike as _, Utc};
use contracts::tradewind::notify::v1::{
    ReplayDeliveriesRequest, ReplayDeliveriesResponse, ReplayDeliveryRequest,
    ReplayDeliveryResponse, TestWebhookRequest, TestWebhookResponse,
};
use prost_types::Timestamp;
use runtime::call::CallContext;
use runtime::id;
use serde_json::json;

use crate::convert;
use crate::domain::{Webhook, WebhookState};
use crate::error::Error;
use crate::payload;
use crate::service::{Notify, Told};
use crate::store::deliveries;

/// What a test is told as; no service publishes it.
const TEST: &str = "notify.v1.Test";

pub(super) async fn test(
    notify: &Notify,
    call: &CallContext,
    request: TestWebhookRequest,
) -> Result<TestWebhookResponse, Error> {
    let test = |_| async move {
        let (id, now) = (notify.new_id(), notify.clock.now());
        let mut tx = notify.db.begin().await?;
        let webhook = notify.locked(&mut tx, &request.webhook_id).await?;
        expect_enabled(&webhook)?;
        let payload = payload::with(TEST, now, &json!({"webhookId": webhook.id.to_string()}));
        let told = Told {
            id,
            kind: TEST,
            time: now,
            payload: &payload,
        };
        let delivery = notify.deliver(&mut tx, &webhook, told).await?;
        let reply = TestWebhookResponse {
            delivery: Some(convert::delivery(&delivery)),
        };
        tx.answer(&reply).await?;
        tx.commit().await?;
        Ok(reply)
    };
    Ok(notify.idempotency.once(call, test).await?)
}

pub(super) async fn replay(
    notify: &Notify,
    call: &CallContext,
    request: ReplayDeliveryRequest,
) -> Result<ReplayDeliveryResponse, Error> {
    let replay = |_| async move {
        let id = id::parse("deliveryId", &request.delivery_id)?;
        let now = notify.clock.now();
        let mut tx = notify.db.begin().await?;
        let webhook = notify.locked(&mut tx, &request.webhook_id).await?;
        expect_enabled(&webhook)?;
        let found = deliveries::find(&mut tx, webhook.id, id).await?;
        found.ok_or(Error::NoDelivery(id))?;
        deliveries::replay(&mut tx, id, now, &notify.metrics.transitions).await?;
        tx.wake_on_commit(&notify.wake);
        let replayed = deliveries::find(&mut tx, webhook.id, id).await?;
        let reply = ReplayDeliveryResponse {
            delivery: replayed.as_ref().map(convert::delivery),
        };
        tx.answer(&reply).await?;
        tx.commit().await?;
        Ok(reply)
    };
    Ok(notify.idempotency.once(call, replay).await?)
}

pub(super) async fn replay_all(
    notify: &Notify,
    call: &CallContext,
    request: ReplayDeliveriesRequest,
) -> Result<ReplayDeliveriesResponse, Error> {
    let replay = |_| async move {
        let now = notify.clock.now();
        let since = to_time("since", request.since)?.unwrap_or(DateTime::UNIX_EPOCH);
        let until = to_time("until", request.until)?.unwrap_or(now);
        let mut tx = notify.db.begin().await?;
        let webhook = notify.locked(&mut tx, &request.webhook_id).await?;
        expect_enabled(&webhook)?;
        let replayed = deliveries::replay_all(
            &mut tx,
            webhook.id,
            (since, until),
            request.only_failed,
            now,
            &notify.metrics.transitions,
        );
        let replayed = replayed.await?;
        tx.wake_on_commit(&notify.wake);
        let reply = ReplayDeliveriesResponse {
            replayed: i64::try_from(replayed).unwrap_or(i64::MAX),
        };
        tx.answer(&reply).await?;
        tx.commit().await?;
        Ok(reply)
    };
    Ok(notify.idempotency.once(call, replay).await?)
}

fn expect_enabled(webhook: &Webhook) -> Result<(), Error> {
    match webhook.state {
        WebhookState::Enabled => Ok(()),
        _ => Err(Error::Disabled(webhook.id)),
    }
}

fn to_time(field: &'static str, time: Option<Timestamp>) -> Result<Option<DateTime<Utc>>, Error> {
    let Some(time) = time else {
        return Ok(None);
    };
    let nanos = u32::try_from(time.nanos).ok();
    let read = nanos.and_then(|nanos| DateTime::from_timestamp(time.seconds, nanos));
    // As the contract bounds it: what is outside no database keeps.
    let read = read.filter(|read| (1..=9999).contains(&read.year()));
    let wrong = || Error::Invalid(field, "must be a time from 0001 to 9999".to_owned());
    read.map(Some).ok_or_else(wrong)
}

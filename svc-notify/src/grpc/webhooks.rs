//! Webhooks, from the first to the last day.

use contracts::tradewind::notify::v1::{
    CreateWebhookRequest, CreateWebhookResponse, DeleteWebhookRequest, DeleteWebhookResponse,
    DisableWebhookRequest, DisableWebhookResponse, EnableWebhookRequest, EnableWebhookResponse,
    GetWebhookRequest, GetWebhookResponse, ListWebhooksRequest, ListWebhooksResponse,
    UpdateWebhookRequest, UpdateWebhookResponse,
};
use runtime::call::CallContext;
use runtime::mask::Mask;
use runtime::{id, precondition};
use secrecy::ExposeSecret as _;
use store::page;
use uuid::Uuid;

use crate::convert;
use crate::domain::{DisabledReason, Webhook, WebhookState, patterns_for};
use crate::error::Error;
use crate::event_types;
use crate::service::Notify;
use crate::store::{deliveries, secrets, webhooks};

pub(super) async fn create(
    notify: &Notify,
    request: CreateWebhookRequest,
) -> Result<CreateWebhookResponse, Error> {
    let new = request.webhook.unwrap_or_default();
    check_event_types(&new.event_types)?;
    let url = notify.targets.check(&new.url).await?;
    let now = notify.clock.now();
    let webhook = Webhook {
        id: notify.new_id(),
        url: url.into(),
        description: new.description,
        event_types: new.event_types,
        state: WebhookState::Enabled,
        disabled_reason: None,
        failing_since: None,
        version: 1,
        create_time: now,
        update_time: now,
    };
    let mut tx = notify.db.begin().await?;
    webhooks::insert(&mut tx, &webhook).await?;
    precondition::check("webhook", &webhook.id, None)?;
    let secret = notify.make_secret(&mut tx, webhook.id).await?;
    tx.commit().await?;
    Ok(CreateWebhookResponse {
        webhook: Some(convert::webhook(&webhook)),
        secret: secret.text().expose_secret().to_owned(),
    })
}

pub(super) async fn list(
    notify: &Notify,
    request: ListWebhooksRequest,
) -> Result<ListWebhooksResponse, Error> {
    let size = page::size(&request);
    let list = store::list!("webhooks", request);
    let before: Option<Uuid> = list.after(&request.page_token)?;
    let mut tx = notify.db.read().await?;
    let mut found = webhooks::list(&mut tx, before, size + 1).await?;
    drop(tx);
    let next_page_token = list.cut(&mut found, size, |last| last.id);
    Ok(ListWebhooksResponse {
        webhooks: found.iter().map(convert::webhook).collect(),
        next_page_token,
    })
}

pub(super) async fn get(
    notify: &Notify,
    request: GetWebhookRequest,
) -> Result<GetWebhookResponse, Error> {
    let mut tx = notify.db.read().await?;
    let webhook = notify.webhook(&mut tx, &request.webhook_id).await?;
    Ok(GetWebhookResponse {
        webhook: Some(convert::webhook(&webhook)),
    })
}

/// The name of a new URL is looked up before the transaction that writes it: no network call happens in
/// one.
pub(super) async fn update(
    notify: &Notify,
    call: &CallContext,
    request: UpdateWebhookRequest,
) -> Result<UpdateWebhookResponse, Error> {
    let update = |_| async move {
        let new = request.webhook.unwrap_or_default();
        let mask = Mask::of(request.update_mask.as_ref())?;
        let id = id::parse("webhook.webhookId", &new.webhook_id)?;
        let mut tx = notify.db.read().await?;
        let found = webhooks::find(&mut tx, id).await?;
        drop(tx);
        let found = found.ok_or(Error::NoWebhook(id))?;
        let merged = mask.merge(&convert::webhook(&found), &new)?;
        let url = match merged.url == found.url {
            true => found.url,
            false => notify
                .targets
                .check(&merged.url)
                .await
                .map_err(Error::from)?
                .into(),
        };

        let mut tx = notify.db.begin().await?;
        let webhook = webhooks::lock(&mut tx, id).await?;
        let mut webhook = webhook.ok_or(Error::NoWebhook(id))?;
        precondition::check("webhook", &id, Some(&webhook.etag()))?;
        if !new.etag.is_empty() && new.etag != webhook.etag() {
            return Err(Error::Stale(id).into());
        }
        let merged = mask.merge(&convert::webhook(&webhook), &new)?;
        check_event_types(&merged.event_types)?;
        let before = webhook.clone();
        webhook.event_types = merged.event_types;
        webhook.description = merged.description;
        // Somebody else's change of the URL stays, if this is none.
        if merged.url != before.url {
            webhook.url = url;
        }
        if webhook != before {
            webhook.changed(notify.clock.now());
            webhooks::update(&mut tx, &webhook).await?;
        }
        let reply = UpdateWebhookResponse {
            webhook: Some(convert::webhook(&webhook)),
        };
        tx.answer(&reply).await?;
        tx.commit().await?;
        Ok(reply)
    };
    Ok(notify.idempotency.once(call, update).await?)
}

pub(super) async fn delete(
    notify: &Notify,
    request: DeleteWebhookRequest,
) -> Result<DeleteWebhookResponse, Error> {
    let now = notify.clock.now();
    let mut tx = notify.db.begin().await?;
    let mut webhook = notify.locked(&mut tx, &request.webhook_id).await?;
    webhook.delete(now);
    webhooks::update(&mut tx, &webhook).await?;
    secrets::forget(&mut tx, webhook.id).await?;
    deliveries::discard(&mut tx, webhook.id, now, &notify.metrics.transitions).await?;
    tx.commit().await?;
    Ok(DeleteWebhookResponse {})
}

pub(super) async fn enable(
    notify: &Notify,
    request: EnableWebhookRequest,
) -> Result<EnableWebhookResponse, Error> {
    let mut tx = notify.db.begin().await?;
    let mut webhook = notify.locked(&mut tx, &request.webhook_id).await?;
    precondition::check("webhook", &webhook.id, Some(&webhook.etag()))?;
    if webhook.enable(notify.clock.now()) {
        webhooks::update(&mut tx, &webhook).await?;
        tx.commit().await?;
    }
    Ok(EnableWebhookResponse {
        webhook: Some(convert::webhook(&webhook)),
    })
}

pub(super) async fn disable(
    notify: &Notify,
    request: DisableWebhookRequest,
) -> Result<DisableWebhookResponse, Error> {
    let mut tx = notify.db.begin().await?;
    let mut webhook = notify.locked(&mut tx, &request.webhook_id).await?;
    precondition::check("webhook", &webhook.id, Some(&webhook.etag()))?;
    let reason = DisabledReason::Requested;
    notify.disable(&mut tx, &mut webhook, reason).await?;
    tx.commit().await?;
    Ok(DisableWebhookResponse {
        webhook: Some(convert::webhook(&webhook)),
    })
}

/// Each stands for some kind that there is, so that a wrong name is found out at once.
fn check_event_types(patterns: &[String]) -> Result<(), Error> {
    let wrong = |what: String| Error::Invalid("webhook.eventTypes", what);
    if patterns.is_empty() {
        let what = "name at least one, or `*` for all; GET /v1/event-types lists them";
        return Err(wrong(what.to_owned()));
    }
    let stands_for_any = |pattern: &&String| {
        let mut all = event_types::all().iter();
        all.any(|kind| patterns_for(kind.name).contains(pattern))
    };
    match patterns.iter().find(|pattern| !stands_for_any(pattern)) {
        None => Ok(()),
        Some(pattern) => Err(wrong(format!(
            "there is no event type {pattern:?}; GET /v1/event-types lists them"
        ))),
    }
}

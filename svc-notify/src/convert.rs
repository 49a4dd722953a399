//! Between the contract and the domain.

pub(crate) mod mail;

use contracts::tradewind::notify::v1 as proto;
use net::clock::timestamp;

use crate::domain::{Delivery, DeliveryState, DisabledReason, Webhook, WebhookState};
use crate::store::deliveries::Kept;

/// A webhook as administrators see it.
pub(crate) fn webhook(webhook: &Webhook) -> proto::Webhook {
    let state = match webhook.state {
        WebhookState::Enabled => proto::WebhookState::Enabled,
        WebhookState::Disabled => proto::WebhookState::Disabled,
        WebhookState::Deleted => proto::WebhookState::Unspecified,
    };
    proto::Webhook {
        webhook_id: webhook.id.to_string(),
        url: webhook.url.clone(),
        event_types: webhook.event_types.clone(),
        description: webhook.description.clone(),
        state: state.into(),
        disabled_reason: reason(webhook.disabled_reason).into(),
        failing_since: webhook.failing_since.map(timestamp),
        create_time: Some(timestamp(webhook.create_time)),
        update_time: Some(timestamp(webhook.update_time)),
        etag: webhook.etag(),
    }
}

/// Why a webhook is disabled.
pub(crate) fn reason(reason: Option<DisabledReason>) -> proto::WebhookDisabledReason {
    match reason {
        None => proto::WebhookDisabledReason::Unspecified,
        Some(DisabledReason::Requested) => proto::WebhookDisabledReason::Requested,
        Some(DisabledReason::Gone) => proto::WebhookDisabledReason::Gone,
        Some(DisabledReason::Failing) => proto::WebhookDisabledReason::Failing,
    }
}

/// What is told of a webhook that is disabled.
pub(crate) fn disabled(webhook: &Webhook, reason: DisabledReason) -> proto::WebhookDisabled {
    proto::WebhookDisabled {
        webhook_id: webhook.id.to_string(),
        version: webhook.version,
        reason: self::reason(Some(reason)).into(),
    }
}

/// A delivery as lists show it.
pub(crate) fn delivery(delivery: &Delivery) -> proto::Delivery {
    proto::Delivery {
        delivery_id: delivery.id.to_string(),
        webhook_id: delivery.webhook_id.to_string(),
        event_id: delivery.event_id.to_string(),
        event_type: delivery.event_type.clone(),
        event_time: Some(timestamp(delivery.event_time)),
        state: state(delivery.state).into(),
        next_attempt_time: delivery.due_at.map(timestamp),
        create_time: Some(timestamp(delivery.create_time)),
        update_time: Some(timestamp(delivery.update_time)),
        payload: String::new(),
        attempts: Vec::new(),
    }
}

fn state(state: DeliveryState) -> proto::DeliveryState {
    match state {
        DeliveryState::Pending => proto::DeliveryState::Pending,
        DeliveryState::Succeeded => proto::DeliveryState::Succeeded,
        DeliveryState::Exhausted => proto::DeliveryState::Exhausted,
        DeliveryState::Discarded => proto::DeliveryState::Discarded,
    }
}

/// The state that a list is asked for; none is any.
pub(crate) fn to_state(state: proto::DeliveryState) -> Option<DeliveryState> {
    match state {
        proto::DeliveryState::Unspecified => None,
        proto::DeliveryState::Pending => Some(DeliveryState::Pending),
        proto::DeliveryState::Succeeded => Some(DeliveryState::Succeeded),
        proto::DeliveryState::Exhausted => Some(DeliveryState::Exhausted),
        proto::DeliveryState::Discarded => Some(DeliveryState::Discarded),
    }
}

/// An attempt as administrators see it.
pub(crate) fn attempt(kept: Kept) -> proto::DeliveryAttempt {
    proto::DeliveryAttempt {
        start_time: Some(timestamp(kept.start_time)),
        milliseconds: kept.milliseconds,
        status: kept.status.unwrap_or_default(),
        error: kept.error,
        remote_address: kept.remote_address,
        answer: String::from_utf8_lossy(&kept.answer).into_owned(),
    }
}

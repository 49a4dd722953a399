//! A webhook and its changes.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::named;

/// Where events are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Webhook {
    pub(crate) id: Uuid,
    pub(crate) url: String,
    pub(crate) description: String,
    /// Names and patterns, as they were given.
    pub(crate) event_types: Vec<String>,
    pub(crate) state: WebhookState,
    pub(crate) disabled_reason: Option<DisabledReason>,
    /// Since when nothing but failures came of it.
    pub(crate) failing_since: Option<DateTime<Utc>>,
    /// Grows by one with each change; the etag shows it.
    pub(crate) version: i64,
    pub(crate) create_time: DateTime<Utc>,
    pub(crate) update_time: DateTime<Utc>,
}

/// Whether anything is sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WebhookState {
    Enabled,
    Disabled,
    /// It is there only for what was sent to it.
    Deleted,
}

named!(WebhookState, "a state of a webhook", {
    Enabled = "ENABLED",
    Disabled = "DISABLED",
    Deleted = "DELETED",
});

/// Why nothing is sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DisabledReason {
    Requested,
    Gone,
    Failing,
}

named!(DisabledReason, "a reason to disable a webhook", {
    Requested = "REQUESTED",
    Gone = "GONE",
    Failing = "FAILING",
});

impl Webhook {
    /// What a client sends back with a change, to refuse it if the webhook has changed since.
    pub(crate) fn etag(&self) -> String {
        self.version.to_string()
    }

    /// Has events sent to it. Returns whether that is a change.
    pub(crate) fn enable(&mut self, now: DateTime<Utc>) -> bool {
        if self.state == WebhookState::Enabled {
            return false;
        }
        self.state = WebhookState::Enabled;
        self.disabled_reason = None;
        self.failing_since = None;
        self.changed(now);
        true
    }

    /// Has nothing more sent to it. Returns whether that is a change.
    pub(crate) fn disable(&mut self, reason: DisabledReason, now: DateTime<Utc>) -> bool {
        if self.state != WebhookState::Enabled {
            return false;
        }
        self.state = WebhookState::Disabled;
        self.disabled_reason = Some(reason);
        self.changed(now);
        true
    }

    /// Ends it.
    pub(crate) fn delete(&mut self, now: DateTime<Utc>) {
        self.state = WebhookState::Deleted;
        self.changed(now);
    }

    /// It is another version now.
    pub(crate) fn changed(&mut self, now: DateTime<Utc>) {
        self.version += 1;
        self.update_time = now;
    }
}

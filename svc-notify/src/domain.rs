//! What webhooks are: pure types and rules.

mod delivery;
pub(crate) mod mail;
mod network;
mod pattern;
mod retries;
mod secret;
mod webhook;

pub(crate) use delivery::{Attempt, Delivery, DeliveryState, Fate, Outcome};
pub use network::Network;
pub(crate) use network::is_public;
pub(crate) use pattern::patterns_for;
pub(crate) use retries::{LONGEST_FAILING, after_failure, jittered, retry_after, sink_pause};
pub(crate) use secret::{OVERLAP, Secret, signatures};
pub(crate) use webhook::{DisabledReason, Webhook, WebhookState};

/// A value that is written by its name.
macro_rules! named {
    ($type:ident, $of:literal, { $($variant:ident = $name:literal),* $(,)? }) => {
        impl $type {
            /// All there are.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name in the database.
            pub(crate) fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),*
                }
            }
        }

        impl TryFrom<String> for $type {
            type Error = String;

            fn try_from(name: String) -> Result<Self, String> {
                let mut all = Self::ALL.iter().copied();
                all.find(|one| one.as_str() == name)
                    .ok_or_else(|| format!(concat!("`{}` is not ", $of), name))
            }
        }
    };
}
use named;

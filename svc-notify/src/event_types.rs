//! What there is to be told of: the messages of the contracts' `events.proto`.

use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, MessageDescriptor};
use runtime::contract::Contract;
use runtime::services::AUTHORITY;

/// A kind of event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventType {
    /// Its subject on the bus, such as `orders.v1.OrderConfirmed`.
    pub(crate) name: &'static str,
    /// The comment of its message.
    pub(crate) about: String,
    /// Its message.
    pub(crate) message: MessageDescriptor,
}

/// All kinds, by name. What the one tells who signs tokens is of sessions and secrets, and nobody's
/// business outside.
pub(crate) fn all() -> &'static [EventType] {
    static ALL: LazyLock<Vec<EventType>> =
        LazyLock::new(|| of(Contract::tradewind().descriptors()));
    &ALL
}

/// The kind of this name.
pub(crate) fn find(name: &str) -> Option<&'static EventType> {
    let at = all().binary_search_by(|one| one.name.cmp(name)).ok()?;
    all().get(at)
}

fn of(pool: &DescriptorPool) -> Vec<EventType> {
    let authority = AUTHORITY.trim_start_matches("svc-");
    let files = pool.files().filter(|file| {
        let folder = file.name().strip_prefix("tradewind/").unwrap_or_default();
        folder.ends_with("/events.proto") && !folder.starts_with(authority)
    });
    let messages = files.flat_map(|file| file.messages().collect::<Vec<_>>());
    let mut all: Vec<_> = messages
        .map(|message| EventType {
            // As long as the process: there are as many as the contract has.
            name: message
                .full_name()
                .trim_start_matches("tradewind.")
                .to_owned()
                .leak(),
            about: comment(&message),
            message,
        })
        .collect();
    all.sort_by_key(|one| one.name);
    all
}

/// In one line each paragraph.
fn comment(message: &MessageDescriptor) -> String {
    let file = message.parent_file();
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let mut places = info.into_iter().flat_map(|info| &info.location);
    let place = places.find(|place| place.path == message.path());
    let text = place
        .map(|place| place.leading_comments())
        .unwrap_or_default();
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    lines.join(" ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_of_the_contracts_is_there_with_what_it_is_about_but_those_of_sessions() {
        let names: Vec<_> = all().iter().map(|one| one.name).collect();
        for name in ["orders.v1.OrderConfirmed", "shipping.v1.ShipmentDispatched"] {
            assert!(names.contains(&name), "{names:?}");
            assert!(find(name).is_some_and(|one| one.name == name));
        }
        assert!(names.is_sorted(), "{names:?}");
        assert!(
            !names.iter().any(|name| name.starts_with("auth.")),
            "{names:?}"
        );
        for one in all() {
            assert!(one.about.ends_with('.'), "{}: {:?}", one.name, one.about);
        }
        assert_eq!(find("auth.v1.SessionsRevoked"), None);
        assert_eq!(find("orders.v1.Order"), None);
    }
}

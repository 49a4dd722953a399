//! What a client would like, by the weights it gives (RFC 9110, sections 12.4.2 and 12.5.1).

use http::{HeaderMap, HeaderName};

/// A weight in thousandths.
type Weight = u16;

const FULL: Weight = 1000;

/// The members of a list such as `accept`, in lower case, with their weights. What has no readable
/// weight counts in full.
pub(crate) fn weighed(
    headers: &HeaderMap,
    name: HeaderName,
) -> impl Iterator<Item = (String, Weight)> {
    let values = headers.get_all(name).into_iter();
    let members = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    members.map(|member| {
        let mut parts = member.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        (name, parts.find_map(weight).unwrap_or(FULL))
    })
}

/// The offer that the client likes best; of those that it likes the same, what it names before what
/// a wildcard covers, and then the first. Wildcards mean the first offer alone. `None` if it
/// likes none of them.
pub(crate) fn preferred<T: Copy>(
    headers: &HeaderMap,
    name: HeaderName,
    offers: &[(T, &[&str])],
) -> Option<T> {
    let members: Vec<_> = weighed(headers, name).collect();
    let liking = |index: usize, names: &[&str]| {
        let named = members
            .iter()
            .find(|(name, _)| names.contains(&name.as_str()));
        let wildcard = || {
            let mut wildcards = members.iter().filter(|(name, _)| name.ends_with('*'));
            wildcards.next().filter(|_| index == 0)
        };
        match named {
            Some((_, weight)) => Some((*weight, true)),
            None => wildcard().map(|(_, weight)| (*weight, false)),
        }
    };
    let mut best: Option<((Weight, bool), T)> = None;
    for (index, (offer, names)) in offers.iter().enumerate() {
        let Some(liked) = liking(index, names).filter(|(weight, _)| *weight > 0) else {
            continue;
        };
        if best.as_ref().is_none_or(|(most, _)| liked > *most) {
            best = Some((liked, *offer));
        }
    }
    best.map(|(_, offer)| offer)
}

fn weight(parameter: &str) -> Option<Weight> {
    let (name, value) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let weight: f32 = value.trim().parse().ok()?;
    (0.0..=1.0)
        .contains(&weight)
        .then_some((weight * f32::from(FULL)).round() as Weight)
}

#[cfg(test)]
mod tests {
    use http::header::ACCEPT;

    use super::*;

    const OFFERS: [(u8, &[&str]); 3] = [
        (0, &["application/x-ndjson"]),
        (1, &["text/event-stream"]),
        (2, &["application/json"]),
    ];

    fn choice(accept: &str) -> Option<u8> {
        let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
        preferred(&headers, ACCEPT, &OFFERS)
    }

    #[test]
    fn the_heaviest_is_chosen_and_names_go_before_wildcards() {
        for (accept, expected) in [
            ("text/event-stream", Some(1)),
            ("application/json;q=0.5, Text/Event-Stream", Some(1)),
            ("application/json, text/event-stream;q=0.5", Some(2)),
            ("text/event-stream, application/json", Some(1)),
            ("application/json, text/plain, */*", Some(2)),
            ("application/json;q=0.4, */*;q=0.5", Some(0)),
            ("*/*", Some(0)),
            ("application/*", Some(0)),
            ("text/html, */*;q=0.8", Some(0)),
            ("application/json;q=0", None),
            ("application/x-ndjson;q=0, */*", None),
            ("application/json; q=many", Some(2)),
            ("text/html", None),
            ("", None),
        ] {
            assert_eq!(choice(accept), expected, "{accept}");
        }
    }
}

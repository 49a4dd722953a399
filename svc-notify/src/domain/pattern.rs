//! Which kinds of events a webhook names: one, all of a service's, or all.

/// The names and patterns that stand for this kind of event: for `orders.v1.OrderConfirmed` itself,
/// `orders.v1.*`, `orders.*` and `*`. No other stands for it.
pub(crate) fn patterns_for(event_type: &str) -> Vec<String> {
    let points = event_type.match_indices('.');
    let of_services = points.map(|(at, _)| format!("{}*", &event_type[..=at]));
    [event_type.to_owned(), "*".to_owned()]
        .into_iter()
        .chain(of_services)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::patterns_for;

    #[test]
    fn a_pattern_stands_for_one_for_those_of_a_service_or_for_all() {
        let mut patterns = patterns_for("orders.v1.OrderConfirmed");
        patterns.sort();
        let expected = ["*", "orders.*", "orders.v1.*", "orders.v1.OrderConfirmed"];
        assert_eq!(patterns, expected);
    }
}

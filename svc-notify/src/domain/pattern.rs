//! Which kinds of events a webhook names: one, all of a service's, or all.

/// Whether a name or pattern stands for this kind of event: `orders.v1.OrderConfirmed`,
/// `orders.v1.*`, `*`.
pub(crate) fn covers(pattern: &str, event_type: &str) -> bool {
    match pattern.strip_suffix('*') {
        None => pattern == event_type,
        Some("") => true,
        Some(service) => service.ends_with('.') && event_type.starts_with(service),
    }
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_pattern_stands_for_one_for_those_of_a_service_or_for_all() {
        let confirmed = "orders.v1.OrderConfirmed";
        for pattern in [confirmed, "orders.v1.*", "orders.*", "*"] {
            assert!(covers(pattern, confirmed), "{pattern}");
        }
        for pattern in [
            "orders.v1.Order",
            "orders.v1.Order*",
            "order*",
            "shipping.v1.*",
            "",
        ] {
            assert!(!covers(pattern, confirmed), "{pattern}");
        }
    }
}

//! Subjects: tokens parted by dots; in a pattern `*` stands for one token and a last `>` for one
//! or more (NATS, subject-based messaging).

/// Whether `subject` is one of those that `pattern` stands for.
pub(crate) fn matches(pattern: &str, subject: &str) -> bool {
    let mut tokens = subject.split('.');
    for expected in pattern.split('.') {
        match (expected, tokens.next()) {
            (">", Some(_)) => return true,
            (_, None) => return false,
            ("*", Some(_)) => {}
            (expected, Some(token)) if expected == token => {}
            _ => return false,
        }
    }
    tokens.next().is_none()
}

/// The service that publishes it: the first token.
pub(crate) fn service(subject: &str) -> &str {
    subject.split('.').next().unwrap_or(subject)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_one_token_and_a_last_angle_for_the_rest() {
        assert!(matches(
            "orders.v1.OrderConfirmed",
            "orders.v1.OrderConfirmed"
        ));
        assert!(matches("orders.v1.*", "orders.v1.OrderConfirmed"));
        assert!(matches("orders.>", "orders.v1.OrderConfirmed"));
        assert!(!matches("orders.v1", "orders.v1.OrderConfirmed"));
        assert!(!matches(
            "orders.v1.OrderConfirmed.*",
            "orders.v1.OrderConfirmed"
        ));
        assert!(!matches(
            "orders.v1.OrderConfirmed.>",
            "orders.v1.OrderConfirmed"
        ));
        assert!(!matches("*.v1.OrderChanged", "orders.v1.OrderConfirmed"));
    }
}

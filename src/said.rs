//! What the contract says of messages, for code that works with any of them.

/// A message of Tradewind's contracts.
pub trait Named: prost::Message + Default {
    /// Its full name, such as `tradewind.catalog.v1.Product`.
    const FULL_NAME: &'static str;
}

/// What services tell each other: a message of an `events.proto`.
pub trait Event: Named {
    /// Its subject on the bus: the full name without `tradewind`, such as `orders.v1.OrderConfirmed`.
    const SUBJECT: &'static str;
}

/// A request for a page of a list (AIP-158).
pub trait Paged: Named {
    /// Elements of a page if it asks for 0.
    const DEFAULT_PAGE_SIZE: u32;
    /// Elements of a page at most.
    const MAX_PAGE_SIZE: u32;

    /// What it asks for.
    fn page_size(&self) -> i32;
}

include!(concat!(env!("OUT_DIR"), "/said.rs"));

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tradewind::orders::v1::OrderConfirmed;

    #[test]
    fn the_subject_of_an_event_is_its_name() {
        assert_eq!(
            OrderConfirmed::FULL_NAME,
            "tradewind.orders.v1.OrderConfirmed"
        );
        assert_eq!(OrderConfirmed::SUBJECT, "orders.v1.OrderConfirmed");
    }
}

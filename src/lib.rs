//! Tradewind's contracts: the code generated from `proto/`, and the descriptor set.
//!
//! `contracts::tradewind::orders::v1` holds the messages, the client and the server of the
//! package `tradewind.orders.v1`. `Debug` prints `[redacted]` for fields that are `sensitive`.

mod generated {
    #![allow(
        clippy::all,
        clippy::pedantic,
        unreachable_pub,
        rustdoc::all,
        reason = "generated"
    )]

    include!(concat!(env!("OUT_DIR"), "/contracts.rs"));
}

#[allow(clippy::all, reason = "generated")]
mod redacted_debug {
    include!(concat!(env!("OUT_DIR"), "/redacted_debug.rs"));
}

mod amount;
mod said;

pub use generated::{google, tradewind};
pub use said::{Event, Named, Paged};

/// Every file of `proto/` with its imports, comments and options: an encoded
/// `google.protobuf.FileDescriptorSet`.
pub const FILE_DESCRIPTOR_SET: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/descriptor_set.binpb"));

#[cfg(test)]
mod tests {
    use crate::tradewind::auth::v1::LoginRequest;

    #[test]
    fn debug_redacts_what_the_contract_calls_sensitive() {
        let request = LoginRequest {
            email: "ada@example.com".into(),
            password: "correct horse".into(),
        };
        let debug = format!("{request:?}");
        assert!(debug.contains("ada@example.com"), "{debug}");
        assert!(!debug.contains("correct horse"), "{debug}");
    }
}

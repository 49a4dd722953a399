//! Payments over gRPC, with the sandbox and with Stripe, on both databases.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod authorizing;
mod capturing;
mod crashing;
mod forgetting;
mod hearing;
mod ledger;
mod reading;
mod refunding;
mod settling;
mod stripe;
mod till;

//! svc-shipping against both databases.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod cancelling;
mod reading;
mod shipping;
mod warehouse;

//! svc-orders against both databases, between stand-ins for the services that it calls.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod auditing;
mod cancelling;
mod following;
mod neighbours;
mod paying;
mod placing;
mod reading;
mod recovering;
mod shop;
mod watching;

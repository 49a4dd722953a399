//! The client stack over real sockets, without a contract.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod client;
mod dns;
mod endpoints;
mod tls;

//! svc-auth over gRPC, on both databases. svc-users is played by the test.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod administrator;
mod audit;
mod bed;
mod import;
mod keys;
mod lockout;
mod login;
mod passwords;
mod refresh;
mod registration;
mod sessions;
mod tickets;
mod users;
mod workloads;

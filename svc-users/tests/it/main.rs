//! svc-users over gRPC, on both databases.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accounts;
mod administration;
mod bed;
mod directory;
mod profile;

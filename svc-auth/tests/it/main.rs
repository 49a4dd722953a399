//! svc-auth over gRPC, on both databases. svc-users is played by the test.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access_tokens;
mod administrator;
mod audit;
mod bed;
mod changed_addresses;
mod external;
mod import;
mod issuers;
mod keys;
mod lockout;
mod login;
mod mails;
mod passwords;
mod provider;
mod recovery;
mod refresh;
mod registration;
mod removed_factor;
mod required_factor;
mod second_factor;
mod second_step;
mod sessions;
mod tickets;
mod users;
mod verification;
mod workloads;

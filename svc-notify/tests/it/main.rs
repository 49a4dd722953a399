//! Webhooks and mails over gRPC, and to servers that a test plays, on both databases.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod accounts;
mod analytics;
mod bed;
mod crashing;
mod forgetting;
mod mailing;
mod mailroom;
mod neighbours;
mod post_office;
mod previews;
mod queues;
mod reading;
mod receiver;
mod refusals;
mod replaying;
mod sending;
mod signing;
mod targets;
mod webhooks;

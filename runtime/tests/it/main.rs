//! The runtime's stacks, over real sockets, with handlers that the tests play.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod client;
mod compression;
mod configuration;
mod connections;
mod context;
mod dummy;
mod goodbye;
mod grace;
mod identity;
mod overload;
mod policy;
mod rude;
mod server;
mod shutdown;
mod streams;
mod tokens;
mod tracing;
mod uploads;
mod violations;

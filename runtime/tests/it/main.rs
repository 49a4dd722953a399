//! The runtime's stacks, over real sockets, with handlers that the tests play.

mod client;
mod configuration;
mod context;
mod dummy;
mod identity;
mod policy;
mod server;
mod shutdown;

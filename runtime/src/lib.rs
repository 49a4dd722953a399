//! What every process of the mesh has: configuration, telemetry, identity, policy and validation
//! from the contract, one server stack, one client stack, health, and an orderly shutdown.
//!
//! A service is a [`service::Service`] that is built from a [`node::Node`]; [`process::main`]
//! runs one in a process of its own, a [`host::Host`] runs many in one.

pub mod call;
pub mod client;
pub mod contract;
pub mod crash;
pub mod email_verification;
pub mod host;
pub mod id;
pub mod identity;
pub mod load;
pub mod mask;
pub mod mesh;
pub mod metadata;
pub mod node;
pub mod precondition;
pub mod process;
pub mod seal;
pub mod server;
pub mod service;
pub mod services;
pub mod status;
#[cfg(feature = "testing")]
pub mod testbed;
pub mod text;
mod unproved;

/// Of every process: messages are allocated on one thread and freed on another all the time. The
/// unit tests have that of the library which they stand beside.
#[cfg(not(test))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

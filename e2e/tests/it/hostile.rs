//! Clients that mean harm, against whole meshes: others are served meanwhile, and memory is bounded.

mod bodies;
mod half_open;
mod senders;
mod watchers;

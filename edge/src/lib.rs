//! Tradewind's public door: a gateway that knows who may call what, by the contract's options, by users'
//! tokens and by the tickets that stand for them; and the pages beside the API.
//!
//! [`build`] makes the door of the mesh, [`generic::build`] one for anybody's gRPC servers.

mod authentication;
pub mod command;
mod contract;
pub mod generic;
mod issuers;
mod mesh;
mod pages;
mod voice;

pub use gateway::config;
pub use gateway::profile;
pub use gateway::{Config, Gateway, MetadataRule, Network, Origin, Quota, Rate, Settings};
pub use issuers::TrustedIssuers;
pub use mesh::{Renewal, build, openapi, renewable};

use gateway::Surroundings;
use runtime::node::Node;

/// A gateway finds in its process what a service does.
fn surroundings(node: &Node) -> Surroundings {
    Surroundings {
        name: node.name,
        clock: node.clock.clone(),
        random: node.random.clone(),
        tasks: node.tasks.clone(),
        telemetry: node.telemetry.clone(),
        readiness: node.readiness.clone(),
        endpoints: node.endpoints,
        drain_timeout: node.drain_timeout,
    }
}

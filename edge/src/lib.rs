//! The public door: REST/JSON, gRPC, gRPC-Web and Connect in front of the mesh's gRPC, by what the
//! contract says.
//!
//! A request's way is one list (`pipeline.rs`): connection limits, request id, trace, security
//! headers, CORS, route, limits, authentication, access, body, transcoding, upstream call. [`build`] makes
//! the door of the Tradewind mesh, [`generic::build`] one for anybody's gRPC servers.

mod accept;
mod admitted;
mod authentication;
mod body;
mod budget;
mod call;
mod client_address;
pub mod command;
mod compression;
pub mod config;
mod connection;
mod cors;
mod counters;
mod deadline;
mod door;
mod edge;
mod entrance;
mod exchange;
mod failure;
pub mod generic;
mod host;
mod lifetime;
mod limits;
mod mesh;
mod metadata;
mod pages;
mod pipeline;
mod plan;
mod policy;
pub mod profile;
mod protocol;
mod relay;
mod reply;
mod request_id;
mod routes;
mod routing;
mod security_headers;
mod sequence;
mod serving;
mod streams;
mod upstreams;
mod validators;
mod wire;

pub use client_address::Network;
pub use config::{Config, Settings};
pub use cors::Origin;
pub use edge::Edge;
pub use limits::{Quota, Rate};
pub use mesh::{build, openapi};
pub use metadata::Rule as MetadataRule;

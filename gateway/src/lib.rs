//! A gateway in front of gRPC servers: REST and JSON by `google.api.http`, gRPC, gRPC-Web, Connect,
//! server-sent events and WebSockets, for anybody's contracts.
//!
//! A request's way is one list (`pipeline.rs`): connection limits, request id, trace, security
//! headers, CORS, route, limits, authentication, access, body, transcoding, upstream call.
//! [`generic::build`] makes a gateway of servers' descriptors, or of what they tell by reflection;
//! [`Gateway::new`] one of a [`Plan`], which knows more of its methods: who may call them
//! ([`guard::Guard`]), how large their messages are, how long replies may be kept.
#![warn(missing_docs)]

mod accept;
mod access_log;
mod admitted;
mod api;
mod audience;
mod body;
mod budget;
mod call;
mod caller;
mod client_address;
mod compression;
pub mod config;
mod connection;
mod context;
mod cors;
mod counters;
mod deadline;
mod door;
mod entrance;
mod exchange;
mod failure;
mod fallback;
mod gateway;
pub mod generic;
pub mod guard;
mod host;
pub mod jwt;
mod last_good;
mod lifetime;
mod limits;
mod metadata;
pub mod method;
mod peer;
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
mod succession;
mod summary;
mod throttle;
mod upstreams;
mod validators;
mod wire;

pub use api::{Api, Document};
pub use caller::{Caller, NamedCaller};
pub use client_address::Network;
pub use config::{Config, Settings};
pub use context::Context;
pub use cors::Origin;
pub use failure::{Reason, Voice};
pub use fallback::Pages;
pub use gateway::{Gateway, Surroundings};
pub use limits::{Quota, Rate};
pub use metadata::Rule as MetadataRule;
pub use method::Method;
/// What a gateway stands on: sockets, telemetry, an orderly end.
pub use net;
pub use plan::{Connect, MakePages, Plan, ShowsDocs};
pub use profile::Profile;
pub use succession::Succession;
pub use summary::{ServiceSummary, Summary};
/// What a gateway knows of contracts: their routes, their descriptors, the document that tells of them.
pub use transcoder;
pub use upstreams::Trust;
pub use validators::tag;

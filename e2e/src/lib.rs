//! The harness of the end-to-end tests: whole meshes as separate processes, embedded in one
//! process or on real Postgres, Redis and NATS JetStream with two replicas each of the edge,
//! orders and shipping.
//!
//! Tests wait for conditions and never for a time; what a process said is in its log, whose path
//! a failing wait names.

pub mod authenticator;
pub mod browser;
pub mod checkpoint;
pub mod commands;
pub mod condition;
pub mod credentials;
pub mod faults;
pub mod grpc;
pub mod http2;
pub mod invariants;
pub mod mails;
pub mod memory;
pub mod mesh;
pub mod otlp;
pub mod ports;
pub mod process;
pub mod prometheus;
pub mod provider;
pub mod receiver;
pub mod rest;
pub mod sdk;
pub mod servers;
pub mod services;
pub mod shop;
pub mod unique;
pub mod workload;

pub use mesh::{Mesh, Setup};
pub use rest::{Reply, Rest};

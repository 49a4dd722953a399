//! The edge from outside: over sockets, in front of servers that the tests script.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod access;
mod bounds;
mod calls;
mod connect;
mod connections;
mod descriptors;
mod errors;
mod files;
mod fixture;
mod generic;
mod grpc;
mod grpc_web;
mod headers;
mod host;
mod hostile;
mod limits;
mod metadata;
mod metrics;
mod open_streams;
mod pace;
mod pages;
mod patience;
mod problems;
mod profiles;
mod readers;
mod routes;
mod streams;
mod tickets;
mod tls;
mod traces;
mod transparent;
mod uploads;
mod upstream;
mod validators;
mod websocket;

//! The catalogue over gRPC, on both databases.

mod fixture;
mod read;
mod search;
mod write;

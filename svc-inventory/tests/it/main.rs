//! The inventory over gRPC, on both databases.

//! What a payment is and how it moves: no database, no gRPC, no clock.

pub mod snapshot;

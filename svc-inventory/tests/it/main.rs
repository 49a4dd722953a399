//! The inventory over gRPC, on both databases.

mod adjust;
mod expiry;
mod fixture;
mod invariants;
mod race;
mod reserve;
mod shipment;

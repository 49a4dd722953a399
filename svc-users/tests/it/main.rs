//! svc-users over gRPC, on both databases.

mod accounts;
mod administration;
mod bed;
mod directory;
mod profile;

//! Payments over gRPC, with the sandbox, on both databases.

mod authorizing;
mod capturing;
mod crashing;
mod hearing;
mod ledger;
mod reading;
mod refunding;
mod settling;
mod till;

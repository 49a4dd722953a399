//! The gateway as a library, in front of a server that it knows nothing of.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod example;
mod greeter;

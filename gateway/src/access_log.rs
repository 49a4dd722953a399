//! One line of each request, when its reply has ended: what it was, whose, what became of it, how many
//! bytes went which way.
//!
//! Lines are made and written by a thread of their own. Whoever serves only hands records over, and where
//! that thread does not keep up, they are lost and counted: no client waits for a disk.

mod entry;
mod format;
mod masked;
mod output;
mod record;
mod settings;
mod writer;

pub(crate) use entry::{Entry, Received};
pub use settings::{AccessLog, Format};
pub(crate) use writer::{Sink, Writer};

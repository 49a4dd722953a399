//! What metrics there are (`metrics.yaml`), what a process tells of them, and what expressions of PromQL
//! ask of them.

mod catalogue;
mod exposition;
mod expression;
mod names;

pub use catalogue::{Catalogue, Metric, Source, Values};
pub use exposition::{Seen, Series, read, series, value};
pub use expression::{Named, Recorded};

//! Where tests have it crash.

/// Decides at each point whether the process dies there.
pub type Crash = runtime::crash::Crash<Point>;

/// Where a crash may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Point {
    /// The request is written, and nothing was sent; of a new payment it is marked already.
    Planned,
    /// It is marked as sent, and the provider knows nothing of it.
    Sent,
    /// The provider has answered, and nobody has heard it.
    Answered,
}

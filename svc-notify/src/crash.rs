//! Where tests have it crash.

/// Decides at each point whether the process dies there.
pub type Crash = runtime::crash::Crash<Point>;

/// Where a crash may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Point {
    /// A delivery is taken up, and nothing was sent.
    Claimed,
    /// It was sent, and what came of it is written nowhere.
    Sent,
}

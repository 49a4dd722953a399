//! A crash at a certain point, which tests ask for.

use std::fmt;
use std::sync::Arc;

/// Decides at each point whether the process dies there.
#[derive(Clone, Default)]
pub struct Crash(Option<Arc<dyn Fn(Point) -> bool + Send + Sync>>);

/// Where a crash may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Point {
    /// A delivery is taken up, and nothing was sent.
    Claimed,
    /// It was sent, and what came of it is written nowhere.
    Sent,
}

impl Crash {
    /// Where this says so.
    pub fn when(dies: impl Fn(Point) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(dies)))
    }

    pub(crate) fn is_at(&self, point: Point) -> bool {
        self.0.as_ref().is_some_and(|dies| dies(point))
    }
}

impl fmt::Debug for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Crash")
    }
}

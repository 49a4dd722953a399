//! A crash at a certain point, which tests ask for.

use std::fmt;
use std::sync::Arc;

/// Decides at each point whether the process dies there. By default it never does.
pub struct Crash<Point>(Option<Arc<Dies<Point>>>);

type Dies<Point> = dyn Fn(Point) -> bool + Send + Sync;

impl<Point> Crash<Point> {
    /// Where this says so.
    pub fn when(dies: impl Fn(Point) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(dies)))
    }

    /// Whether the process dies at this point: whoever asks stops there, and writes nothing more.
    #[must_use]
    pub fn is_at(&self, point: Point) -> bool {
        self.0.as_ref().is_some_and(|dies| dies(point))
    }
}

impl<Point> Clone for Crash<Point> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<Point> Default for Crash<Point> {
    fn default() -> Self {
        Self(None)
    }
}

impl<Point> fmt::Debug for Crash<Point> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Crash")
    }
}

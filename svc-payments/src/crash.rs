//! A crash at a certain point, which tests ask for.

use std::fmt;
use std::sync::Arc;

/// Decides at each point whether the process dies there.
#[derive(Clone, Default)]
pub struct Crash(Option<Arc<dyn Fn(Point) -> bool + Send + Sync>>);

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

impl Crash {
    /// Where this says so.
    pub fn when(dies: impl Fn(Point) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(dies)))
    }

    pub(crate) fn at(&self, point: Point) -> Result<(), crate::error::Error> {
        match &self.0 {
            Some(dies) if dies(point) => Err(crate::error::Error::Stopped),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Crash")
    }
}

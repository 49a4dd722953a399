//! Rules, compiled.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::table::Table;
use crate::time::Time;

/// The rules of a message and of everything in it.
#[derive(Debug)]
pub struct Rules {
    pub(crate) tables: Arc<Vec<Table>>,
    /// Texts may not hold U+0000.
    pub(crate) refuse_nul: bool,
    pub(crate) clock: Option<Clock>,
}

/// What the rules that ask for the time of day take it from.
#[derive(Clone)]
pub(crate) struct Clock(pub(crate) Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    pub(crate) fn now(&self) -> Time {
        Time::of((self.0)())
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

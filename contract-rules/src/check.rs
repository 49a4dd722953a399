//! Messages held against their rules.

use std::borrow::Cow;

use crate::normal;
use crate::rules::Rules;
use crate::violation::{Invalid, Unchecked, Violation};
use crate::walk::{Extent, Stop, Walk};
use crate::wire::Malformed;

impl Rules {
    /// Checks an encoded message, and gives it with its texts in the form that the contract asks
    /// for. It is written anew only if one of them is in another.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn accept<'m>(&self, message: &'m [u8]) -> Result<Cow<'m, [u8]>, Invalid> {
        let mut walk = Walk::new(self, Extent::AsTold);
        let end = walk.message(0, message);
        let is_normal = walk.is_normal;
        let violations = walk.violations();
        match end {
            Err(Stop::Malformed) => Err(Invalid::Malformed),
            Err(Stop::Enough) => Err(Invalid::ManyViolations(violations)),
            Ok(()) if !violations.is_empty() => Err(Invalid::Violations(violations)),
            Ok(()) if is_normal => Ok(Cow::Borrowed(message)),
            Ok(()) => normal::message(&self.tables, 0, message)
                .map(Cow::Owned)
                .map_err(|Malformed| Invalid::Malformed),
        }
    }

    /// Checks an encoded message.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn check(&self, message: &[u8]) -> Result<(), Invalid> {
        self.accept(message).map(drop)
    }

    /// Everything that is wrong with an encoded message: each rule that it breaks, where
    /// [`check`](Rules::check) tells of a value but the first.
    ///
    /// # Errors
    /// Why that cannot be told.
    pub fn violations(&self, message: &[u8]) -> Result<Vec<Violation>, Unchecked> {
        let mut walk = Walk::new(self, Extent::Everything);
        let end = walk.message(0, message);
        match (end, walk.not_evaluated.take()) {
            (Err(Stop::Malformed | Stop::Enough), _) => Err(Unchecked::Malformed),
            (Ok(()), Some(why)) => Err(Unchecked::NotEvaluated(why)),
            (Ok(()), None) => Ok(walk.violations()),
        }
    }
}

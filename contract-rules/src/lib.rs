//! The rules of `buf.validate` in a contract: read once, checked on the wire, printed by others.
//!
//! Descriptors are compiled into tables once. A check is one pass over the bytes, without
//! building a message, that ends when the answer is known: no item of a list that is too long is looked
//! at, and no more violations are looked for than are told. It also refuses what the decoder would
//! refuse: wire types that do not fit, text that is not UTF-8.
//!
//! Requests have rules beyond the standard, if they are asked for (see [`Compiler::for_requests`]).

pub mod behavior;
mod compile;
mod largest;
mod list;
mod normal;
mod number;
mod path;
mod requests;
mod slots;
mod table;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod values;
mod walk;
mod wire;
pub mod written;

use std::borrow::Cow;

pub use compile::Compiler;
pub use largest::Size;
pub use requests::{Text, TextOf};
use table::Table;
use walk::Stop;
use wire::Malformed;

/// The rules of a message and of everything in it.
#[derive(Debug)]
pub struct Rules {
    tables: Vec<Table>,
    /// Texts may not hold U+0000.
    refuse_nul: bool,
}

/// Why a message is refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Invalid {
    /// It is not a message of the type.
    Malformed,
    /// Fields break rules: `(path, description)`. A path is written as in JSON:
    /// `items[2].quantity`, `labels["color"]`.
    Violations(Vec<(String, String)>),
    /// The same, and there may be more than these.
    ManyViolations(Vec<(String, String)>),
}

impl Rules {
    /// Checks an encoded message, and gives it with its texts in the form that the contract asks
    /// for. It is written anew only if one of them is in another.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn accept<'m>(&self, message: &'m [u8]) -> Result<Cow<'m, [u8]>, Invalid> {
        let mut walk = walk::Walk::new(self);
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
}

#[cfg(test)]
mod tests;

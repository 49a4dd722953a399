//! The rules of `buf.validate` in a contract: read once, checked on the wire, printed by others.
//!
//! Descriptors are compiled into tables once. A check is one pass over the bytes, without
//! building a message, that ends when the answer is known: no item of a list that is too long is looked
//! at, and no more violations are looked for than are told. It also refuses what the decoder would
//! refuse: wire types that do not fit, text that is not UTF-8.
//!
//! Rules in CEL are evaluated over the same bytes, read as far as an expression asks.
//!
//! Requests have rules beyond the standard, if they are asked for (see [`Compiler::for_requests`]).

mod any;
pub mod behavior;
mod bytes;
mod check;
mod compile;
mod editions;
mod expression;
mod field_mask;
mod format;
mod kind;
mod largest;
mod length;
mod list;
mod normal;
mod number;
mod path;
mod program;
mod range;
mod raw;
mod requests;
mod rules;
mod slots;
mod table;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod time;
mod value;
mod violation;
mod walk;
mod wire;
mod wrapper;
pub mod written;

pub use compile::Compiler;
pub use editions::descriptors;
pub use largest::Size;
pub use requests::{Text, TextOf};
pub use rules::Rules;
pub use violation::{Invalid, Unchecked, Violation};

#[cfg(test)]
mod tests;

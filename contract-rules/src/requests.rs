//! What is asked of requests beyond `buf.validate`.

use std::borrow::Cow;
use std::fmt::Debug;

use prost_reflect::FieldDescriptor;

/// A kind of text, by an option of the contract's own: what may stand in it, and the form that it is
/// brought to, so that no service has to think of it.
pub trait Text: Debug + Send + Sync {
    /// The text in the form in which it is stored and compared.
    fn normal<'t>(&self, text: &'t str) -> Cow<'t, str>;

    /// What is wrong with a text in that form; nothing is with an empty one.
    fn wrong(&self, text: &str) -> Option<String>;
}

/// The kind of text that a field holds, or each of several; none if the contract gives it none.
/// `Err` says which it gives, if that is not known.
pub type TextOf = fn(&FieldDescriptor) -> Result<Option<&'static dyn Text>, String>;

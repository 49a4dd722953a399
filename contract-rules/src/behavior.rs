//! How a field behaves (`google.api.field_behavior`, AIP-203).

use prost_reflect::FieldDescriptor;

/// `google.api.FieldBehavior`, as far as anybody asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Behavior {
    /// A request has to have it.
    Required = 2,
    /// The server alone sets it: in requests it is ignored.
    OutputOnly = 3,
    /// It keeps the value that it was created with.
    Immutable = 5,
    /// A reply always has it.
    NonEmptyDefault = 7,
    /// It names the resource, and never changes.
    Identifier = 8,
}

impl Behavior {
    /// Whether a field behaves so; not if the descriptors do not know the option.
    #[must_use]
    pub fn is_of(self, field: &FieldDescriptor) -> bool {
        let pool = field.parent_pool();
        let Some(extension) = pool.get_extension_by_name("google.api.field_behavior") else {
            return false;
        };
        let options = field.options();
        let value = options.get_extension(&extension);
        let mut says = value.as_list().unwrap_or_default().iter();
        says.any(|one| one.as_enum_number() == Some(self as i32))
    }
}

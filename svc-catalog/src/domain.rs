//! What a product is and how it may change: no database, no gRPC, no clock.

pub(crate) mod price;
pub(crate) mod product;
pub(crate) mod words;

/// A value that a rule does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// Path of the field in the request, as REST writes it: `product.price.currencyCode`.
    pub(crate) field: &'static str,
    /// What is wrong with it, for the person who sent it.
    pub(crate) description: String,
}

impl Mistake {
    pub(crate) fn new(field: &'static str, description: impl Into<String>) -> Self {
        Self {
            field,
            description: description.into(),
        }
    }
}

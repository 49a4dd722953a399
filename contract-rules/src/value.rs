//! Rules of single values.

use crate::any::AnyRule;
use crate::bytes::BytesRule;
use crate::field_mask::MaskRule;
use crate::kind::Kind;
use crate::number::NumberRule;
use crate::text::TextRule;
use crate::time::TimeRule;

#[derive(Debug, Default)]
pub(crate) enum ValueRules {
    #[default]
    None,
    Bool {
        must_be: bool,
    },
    Int(Named<NumberRule<i128>>),
    Float(Named<NumberRule<f64>>),
    Text(Named<TextRule>),
    Bytes(Named<BytesRule>),
    Time(Named<TimeRule>),
    Any(Named<AnyRule>),
    Mask(Named<MaskRule>),
    /// Of the value in a wrapper such as `google.protobuf.StringValue`.
    Wrapped(Kind, Box<ValueRules>),
}

/// Rules of a type, by the name with which their ids begin: `string`.
#[derive(Debug)]
pub(crate) struct Named<R> {
    pub(crate) of: String,
    pub(crate) rules: Vec<R>,
}

//! Rules of messages of protobuf's own.

use prost_reflect::Value;

use super::reading::Reading;
use crate::any::AnyRule;
use crate::field_mask::MaskRule;

pub(super) fn any(reading: &mut Reading<'_>) -> Vec<AnyRule> {
    let rules = [
        reading.many("in", text).map(AnyRule::In),
        reading.many("not_in", text).map(AnyRule::NotIn),
    ];
    rules.into_iter().flatten().collect()
}

pub(super) fn mask(reading: &mut Reading<'_>) -> Vec<MaskRule> {
    let rules = [
        reading.one("const", paths).map(MaskRule::Const),
        reading.many("in", text).map(MaskRule::In),
        reading.many("not_in", text).map(MaskRule::NotIn),
    ];
    rules.into_iter().flatten().collect()
}

pub(super) fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn paths(mask: &Value) -> Option<Vec<String>> {
    let paths = mask.as_message()?.get_field_by_name("paths")?;
    Some(paths.as_list()?.iter().filter_map(text).collect())
}

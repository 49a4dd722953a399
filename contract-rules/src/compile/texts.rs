//! Rules of text, and the kinds that a contract gives it.

use prost_reflect::{FieldDescriptor, Value};

use super::Pass;
use super::reading::Reading;
use super::wellknown::text;
use crate::format::{
    FORMATS, Format, HEADER_NAME, HEADER_NAME_LOOSE, HEADER_VALUE, HEADER_VALUE_LOOSE,
};
use crate::kind::Kind;
use crate::length::{BYTES_OF_TEXT, CHARACTERS, Length};
use crate::requests::Text;
use crate::table::Shape;
use crate::text::TextRule;
use crate::value::{Named, ValueRules};

impl Pass<'_> {
    pub(super) fn text(&mut self, name: &str, reading: &mut Reading<'_>) -> Vec<TextRule> {
        let bounded = |length: Length| Some(length).filter(Length::is_bounded);
        let header = header(reading);
        let rules = [
            reading.one("const", text).map(TextRule::Const),
            bounded(reading.length(&CHARACTERS)).map(TextRule::Characters),
            bounded(reading.length(&BYTES_OF_TEXT)).map(TextRule::Bytes),
            reading.one("prefix", text).map(TextRule::Prefix),
            reading.one("suffix", text).map(TextRule::Suffix),
            reading.one("contains", text).map(TextRule::Contains),
            reading.one("not_contains", text).map(TextRule::NotContains),
            reading.many("in", text).map(TextRule::In),
            reading.many("not_in", text).map(TextRule::NotIn),
            self.pattern(name, reading).map(TextRule::Pattern),
            header.map(TextRule::Format),
        ];
        let formats = FORMATS.iter().filter(|format| reading.flag(format.name));
        let formats: Vec<_> = formats.map(TextRule::Format).collect();
        rules.into_iter().flatten().chain(formats).collect()
    }

    pub(super) fn kind_of_text(&mut self, field: &FieldDescriptor) -> Option<&'static dyn Text> {
        let text_of = self.compiler.requests?;
        text_of(field).unwrap_or_else(|kind| {
            self.unsupported(field.full_name(), &format!("text of the kind {kind}"));
            None
        })
    }

    pub(super) fn set_kind_of_text(
        &mut self,
        name: &str,
        shape: &mut Shape,
        kind: &'static dyn Text,
    ) {
        let rules = match shape {
            Shape::One {
                kind: Kind::Text,
                rules,
                ..
            } => rules,
            Shape::Many {
                kind: Kind::Text,
                rules,
            } => &mut rules.items.rules,
            _ => return self.unsupported(name, "text, on a field of another type"),
        };
        let kind = TextRule::Kind(kind);
        match rules {
            ValueRules::Text(Named { rules, .. }) => {
                // What is long is refused before it is looked at.
                let is_cheap = |rule: &TextRule| {
                    matches!(
                        rule,
                        TextRule::Const(_) | TextRule::Characters(_) | TextRule::Bytes(_)
                    )
                };
                let at = rules.iter().take_while(|rule| is_cheap(rule)).count();
                rules.insert(at, kind);
            }
            _ => {
                *rules = ValueRules::Text(Named {
                    of: "string".to_owned(),
                    rules: vec![kind],
                });
            }
        }
    }
}

fn header(reading: &mut Reading<'_>) -> Option<&'static Format> {
    let is_strict = reading.one("strict", Value::as_bool) != Some(false);
    match (
        reading.one("well_known_regex", Value::as_enum_number)?,
        is_strict,
    ) {
        (1, true) => Some(&HEADER_NAME),
        (1, false) => Some(&HEADER_NAME_LOOSE),
        (2, true) => Some(&HEADER_VALUE),
        (2, false) => Some(&HEADER_VALUE_LOOSE),
        _ => None,
    }
}

//! Enums -> components, each with a name of its own.

use prost_reflect::{EnumDescriptor, FieldDescriptor};
use serde_json::{Value, json};

use super::Contract;
use super::keywords::{describe, is_deprecated, reference};
use super::names::capitalized;
use super::rules::Rules;
use super::schema::Schemas;

/// What clients have to be ready for.
const GROWS: &str =
    "More values may be added: a client takes one that it does not know for what it is, unknown.";

impl Schemas<'_> {
    /// A reference to the enum's component, or to one of those values that the field's rules leave.
    pub(super) fn enumeration(
        &mut self,
        field: &FieldDescriptor,
        values: &EnumDescriptor,
        rules: &Rules,
    ) -> Value {
        if values.full_name() == "google.protobuf.NullValue" {
            return json!({ "type": "null" });
        }
        let is_allowed = |number| rules.allows(number);
        let allowed: Vec<_> = values
            .values()
            .filter(|value| is_allowed(value.number()))
            .map(|value| value.name().to_owned())
            .collect();
        let comment = self.contract.comments.of_enum(values, is_allowed);
        let mut schema = json!({ "type": "string", "enum": allowed });
        if allowed.len() < values.values().len() {
            describe(&mut schema, &comment);
            return self.choice(field, schema);
        }
        describe(&mut schema, format!("{comment}\n\n{GROWS}").trim());
        if is_deprecated(&values.options()) {
            schema["deprecated"] = json!(true);
        }
        let name = self.contract.names.of_enum(values);
        self.add(&name, schema)
    }

    /// The component of a field that takes some values alone.
    pub(super) fn choice(&mut self, field: &FieldDescriptor, schema: Value) -> Value {
        if let Some(name) = self.choices.get(field.full_name()) {
            return reference(name);
        }
        let message = field.parent_message();
        let subject = message.name().strip_suffix("Request");
        let subject = subject.unwrap_or(message.name());
        let words = field.name().split('_').map(capitalized);
        let name = self.unused(&format!("{subject}{}", words.collect::<String>()));
        self.choices
            .insert(field.full_name().to_owned(), name.clone());
        self.add(&name, schema)
    }
}

/// `components.schemas.Reason`: the values of the enum, less the prefix of the enum's name.
pub(super) fn reasons(contract: &Contract, values: &EnumDescriptor) -> Value {
    let prefix = prefix(values.name());
    let names: Vec<_> = values
        .values()
        .filter(|value| value.number() != 0)
        .map(|value| value.name().trim_start_matches(&prefix).to_owned())
        .collect();
    let comment = contract.comments.of_reasons(values, &prefix);
    let mut schema = json!({ "type": "string", "enum": names });
    describe(&mut schema, format!("{comment}\n\n{GROWS}").trim());
    schema
}

/// `ORDER_STATE_` of `OrderState`, by which the values of an enum begin (buf's ENUM_VALUE_PREFIX).
fn prefix(name: &str) -> String {
    let mut prefix = String::new();
    for (at, letter) in name.char_indices() {
        if at > 0 && letter.is_ascii_uppercase() {
            prefix.push('_');
        }
        prefix.push(letter.to_ascii_uppercase());
    }
    prefix + "_"
}

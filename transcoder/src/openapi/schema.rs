//! Messages -> JSON Schemas (2020-12, as OpenAPI 3.1 has it).
//!
//! A request's schema has the bounds of the contract, and no field that the contract does not know. A
//! reply's has neither: a later contract may loosen bounds and add fields, which today's clients have to
//! take.

use std::collections::{BTreeMap, HashMap};

use contract_rules::behavior::Behavior;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::Contract;
use super::empty::or_empty;
use super::example::{self, is_output};
use super::integer;
use super::keywords::{describe, is_deprecated, reference};
use super::names::Use;
use super::rules::Rules;
use crate::field::{is_well_known, is_wrapper};

/// Collects the components that the schemas refer to.
pub(super) struct Schemas<'a> {
    pub(super) contract: &'a Contract,
    components: BTreeMap<String, Value>,
    /// By full name of a field that takes some values alone, the component that says which.
    pub(super) choices: HashMap<String, String>,
}

/// How the object of a message differs from the message.
#[derive(Clone, Copy)]
pub(super) struct Variant<'a> {
    pub(super) of: Use,
    /// Top-level fields, in proto names, that the path binds.
    pub(super) omit: &'a [String],
    /// Whether fields may be left out that the message requires (PATCH).
    pub(super) partial: bool,
}

impl<'a> Schemas<'a> {
    pub(super) fn new(contract: &'a Contract) -> Self {
        Self {
            contract,
            components: BTreeMap::new(),
            choices: HashMap::new(),
        }
    }

    pub(super) fn into_components(self) -> Map<String, Value> {
        self.components.into_iter().collect()
    }

    /// A reference to the message's component, or the schema of a well-known type.
    pub(super) fn message(&mut self, message: &MessageDescriptor, of: Use) -> Value {
        if is_well_known(message) {
            return self.well_known(message);
        }
        let name = self.contract.names.of(message, of);
        if !self.components.contains_key(&name) {
            // Set before its fields are looked at, so that recursion ends.
            self.components.insert(name.clone(), Value::Null);
            let variant = Variant {
                of,
                omit: &[],
                partial: false,
            };
            let mut schema = self.object(message, variant);
            schema["examples"] = json!([example::message(message, of.into(), &[])]);
            self.components.insert(name.clone(), schema);
        }
        reference(&name)
    }

    /// Adds a component that no message is.
    pub(super) fn add(&mut self, name: &str, schema: Value) -> Value {
        self.components.insert(name.to_owned(), schema);
        reference(name)
    }

    /// The name, with a number after it if there is such a component.
    pub(super) fn unused(&self, name: &str) -> String {
        let mut unused = name.to_owned();
        let mut number = 1;
        while self.contract.names.is_taken(&unused) || self.components.contains_key(&unused) {
            number += 1;
            unused = format!("{name}{number}");
        }
        unused
    }

    /// The object that a message is in JSON.
    pub(super) fn object(&mut self, message: &MessageDescriptor, variant: Variant<'_>) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in message.fields() {
            let is_bound = variant.omit.iter().any(|name| name == field.name());
            if is_bound || (variant.of == Use::Request && is_output(&field)) {
                continue;
            }
            if self.has(&field, variant) {
                required.push(field.json_name().to_owned());
            }
            let schema = self.field(&field, variant.of);
            properties.insert(field.json_name().to_owned(), schema);
        }
        let mut schema = json!({ "type": "object" });
        let description = self.contract.comments.of_message(message);
        describe(&mut schema, &description);
        schema["properties"] = Value::Object(properties);
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        if variant.of == Use::Request {
            schema["additionalProperties"] = json!(false);
        }
        if is_deprecated(&message.options()) {
            schema["deprecated"] = json!(true);
        }
        schema
    }

    /// Whether the object always has the field.
    fn has(&self, field: &FieldDescriptor, variant: Variant<'_>) -> bool {
        let is_printed = self.contract.prints_defaults && !field.supports_presence()
            || Behavior::NonEmptyDefault.is_of(field);
        match variant.of {
            Use::Request => example::is_needed(field) && !variant.partial,
            Use::Reply => example::is_needed(field) || is_printed,
        }
    }

    /// The value of the field that a reply is.
    pub(super) fn reply(&mut self, field: &FieldDescriptor) -> Value {
        self.value(field, Use::Reply)
    }

    /// The value of a field, with its comment and behaviour.
    pub(super) fn field(&mut self, field: &FieldDescriptor, of: Use) -> Value {
        let mut schema = self.value(field, of);
        let mut description = self.contract.comments.of_field(field);
        if Behavior::Immutable.is_of(field) {
            description = [&description, "Cannot be changed once it is set."].join("\n\n");
        }
        if let Some(oneof) = field
            .containing_oneof()
            .filter(|oneof| oneof.fields().len() > 1)
        {
            let names: Vec<_> = oneof
                .fields()
                .map(|f| format!("`{}`", f.json_name()))
                .collect();
            description =
                [description, format!("At most one of {}.", names.join(", "))].join("\n\n");
        }
        describe(&mut schema, description.trim());
        if self.contract.is_sensitive(field) && field.kind() == Kind::String && !field.is_list() {
            schema["format"] = json!("password");
        }
        if is_deprecated(&field.options()) {
            schema["deprecated"] = json!(true);
        }
        schema
    }

    fn value(&mut self, field: &FieldDescriptor, of: Use) -> Value {
        let mut rules = match of {
            Use::Request => Rules::of(field),
            Use::Reply => Rules::of(field).of_reply(),
        };
        let items = rules.items.take().unwrap_or_default();
        match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                let values = rules.values.take().unwrap_or_default();
                let value = self.kind(&entry.map_entry_value_field(), &values, of);
                with(
                    json!({ "type": "object", "additionalProperties": value }),
                    rules.keywords,
                )
            }
            _ if field.is_list() => {
                let items = self.kind(field, &items, of);
                with(json!({ "type": "array", "items": items }), rules.keywords)
            }
            _ => self.kind(field, &rules, of),
        }
    }

    /// One value of a field's type.
    fn kind(&mut self, field: &FieldDescriptor, rules: &Rules, of: Use) -> Value {
        let mut keywords = rules.keywords.clone();
        let kind = field.kind();
        let schema = match &kind {
            Kind::Message(message) => return self.message(message, of),
            Kind::Enum(values) => return self.enumeration(field, values, rules),
            Kind::Bool => json!({ "type": "boolean" }),
            Kind::String => {
                keywords = ecma(keywords);
                if rules.may_be_empty {
                    keywords = or_empty(keywords);
                }
                if of == Use::Request {
                    self.text(field, &mut keywords);
                }
                with(json!({ "type": "string" }), keywords)
            }
            Kind::Bytes => json!({ "type": "string", "contentEncoding": "base64" }),
            Kind::Double => with(json!({ "type": "number", "format": "double" }), keywords),
            Kind::Float => with(json!({ "type": "number", "format": "float" }), keywords),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
                with(json!({ "type": "integer", "format": "int32" }), keywords)
            }
            Kind::Uint32 | Kind::Fixed32 => {
                let bounds = json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX });
                with(bounds, keywords)
            }
            Kind::Uint64 | Kind::Fixed64 => {
                let pattern = integer::pattern(rules, false);
                json!({ "type": "string", "format": "uint64", "pattern": pattern })
            }
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
                let pattern = integer::pattern(rules, true);
                json!({ "type": "string", "format": "int64", "pattern": pattern })
            }
        };
        match (kind, rules.allowed.as_slice()) {
            (_, []) => schema,
            (Kind::String | Kind::Int32 | Kind::Uint32 | Kind::Double | Kind::Float, allowed) => {
                let mut allowed = allowed.to_vec();
                if rules.may_be_empty && schema["type"] == "string" {
                    allowed.push(json!(""));
                }
                let choice = Map::from_iter([("enum".to_owned(), json!(allowed))]);
                self.choice(field, with(schema, choice))
            }
            _ => schema,
        }
    }

    /// Adds what options of the contract's own say of a text.
    fn text(&self, field: &FieldDescriptor, keywords: &mut Map<String, Value>) {
        let Some(text) = self.contract.text.and_then(|text_of| text_of(field)) else {
            return;
        };
        let least = keywords.get("minLength").and_then(Value::as_u64);
        if let (Some(format), Some(1..)) = (text.format, least) {
            keywords.insert("format".to_owned(), format.into());
        }
        let pattern = || text.pattern.into();
        keywords.entry("pattern").or_insert_with(pattern);
    }

    fn well_known(&mut self, message: &MessageDescriptor) -> Value {
        match message.name() {
            "Timestamp" => json!({ "type": "string", "format": "date-time" }),
            "Duration" => {
                json!({ "type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$" })
            }
            "FieldMask" => json!({ "type": "string" }),
            "Struct" => json!({ "type": "object", "additionalProperties": true }),
            "ListValue" => json!({ "type": "array", "items": {} }),
            "Value" => json!({}),
            "Any" => json!({
                "type": "object",
                "properties": { "@type": { "type": "string" } },
                "required": ["@type"],
                "additionalProperties": true,
            }),
            _ if is_wrapper(message) => {
                let value = message.get_field(1).expect("every wrapper has the field 1");
                let mut schema = self.kind(&value, &Rules::default(), Use::Reply);
                schema["type"] = json!([schema["type"], "null"]);
                schema
            }
            _ => json!({ "type": "object" }),
        }
    }
}

fn with(mut schema: Value, keywords: Map<String, Value>) -> Value {
    if let Value::Object(schema) = &mut schema {
        schema.extend(keywords);
    }
    schema
}

/// JSON Schema's patterns are ECMAScript's, which has no inline flags as RE2 does.
fn ecma(mut keywords: Map<String, Value>) -> Map<String, Value> {
    let has_flags = |pattern: &Value| pattern.as_str().is_some_and(|p| p.starts_with("(?"));
    if keywords.get("pattern").is_some_and(has_flags) {
        keywords.remove("pattern");
    }
    keywords
}

//! Messages and enums -> JSON Schemas (2020-12, as OpenAPI 3.1 has it).

use std::collections::BTreeMap;

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::Contract;
use super::example::{self, Shows};
use super::rules::Rules;
use crate::field::{self, is_well_known, is_wrapper};

/// Collects the components that the schemas refer to.
pub(super) struct Schemas<'a> {
    contract: &'a Contract,
    components: BTreeMap<String, Value>,
}

/// How an object for a request body differs from the message that it is made from.
pub(super) struct Variant<'a> {
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
        }
    }

    pub(super) fn into_components(self) -> Map<String, Value> {
        self.components.into_iter().collect()
    }

    /// A reference to the message's component, or the schema of a well-known type.
    pub(super) fn message(&mut self, message: &MessageDescriptor) -> Value {
        if is_well_known(message) {
            return self.well_known(message);
        }
        let name = self.contract.names.of(message.full_name()).to_owned();
        if !self.components.contains_key(&name) {
            // Set before its fields are looked at, so that recursion ends.
            self.components.insert(name.clone(), Value::Null);
            let mut schema = self.object(
                message,
                &Variant {
                    omit: &[],
                    partial: false,
                },
            );
            schema["examples"] = json!([example::message(message, Shows::All, &[])]);
            self.components.insert(name.clone(), schema);
        }
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    /// Adds a component that no message is.
    pub(super) fn add(&mut self, name: &str, schema: Value) -> Value {
        self.components.insert(name.to_owned(), schema);
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    /// The object that a message is in JSON.
    pub(super) fn object(&mut self, message: &MessageDescriptor, variant: &Variant<'_>) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in message.fields() {
            if variant.omit.iter().any(|name| name == field.name()) {
                continue;
            }
            if example::is_needed(&field) && !variant.partial {
                required.push(field.json_name().to_owned());
            }
            properties.insert(field.json_name().to_owned(), self.field(&field));
        }
        let mut schema = json!({ "type": "object" });
        let description = self.contract.comments.of_message(message);
        describe(&mut schema, &description);
        schema["properties"] = Value::Object(properties);
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        if self.contract.closed.contains(message.full_name()) {
            schema["additionalProperties"] = json!(false);
        }
        schema
    }

    /// The value of a field, with its comment and behaviour.
    pub(super) fn field(&mut self, field: &FieldDescriptor) -> Value {
        let mut schema = self.value(field);
        let behaviors = field::behaviors(field);
        let mut description = self.contract.comments.of_field(field);
        if behaviors.contains(&field::IMMUTABLE) {
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
        if behaviors.contains(&field::OUTPUT_ONLY) {
            schema["readOnly"] = json!(true);
        }
        if self.contract.is_sensitive(field) && field.kind() == Kind::String && !field.is_list() {
            schema["format"] = json!("password");
        }
        if field
            .options()
            .get_field_by_name("deprecated")
            .and_then(|v| v.as_bool())
            == Some(true)
        {
            schema["deprecated"] = json!(true);
        }
        schema
    }

    fn value(&mut self, field: &FieldDescriptor) -> Value {
        let mut rules = Rules::of(field);
        let items = rules.items.take().unwrap_or_default();
        match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                let values = rules.values.take().unwrap_or_default();
                let value = self.kind(&entry.map_entry_value_field().kind(), &values);
                with(
                    json!({ "type": "object", "additionalProperties": value }),
                    rules.keywords,
                )
            }
            kind if field.is_list() => {
                let items = self.kind(&kind, &items);
                with(json!({ "type": "array", "items": items }), rules.keywords)
            }
            kind => self.kind(&kind, &rules),
        }
    }

    fn kind(&mut self, kind: &Kind, rules: &Rules) -> Value {
        let mut keywords = rules.keywords.clone();
        let schema = match kind {
            Kind::Message(message) => return self.message(message),
            Kind::Enum(values) => return self.enumeration(values, rules),
            Kind::Bool => json!({ "type": "boolean" }),
            Kind::String => {
                if rules.may_be_empty {
                    keywords = or_empty(keywords);
                }
                with(json!({ "type": "string" }), ecma(keywords))
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
                json!({ "type": "string", "format": "uint64", "pattern": "^[0-9]+$" })
            }
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
                let is_negative = rules.number("minimum").is_none_or(|minimum| minimum < 0.0)
                    && rules
                        .number("exclusiveMinimum")
                        .is_none_or(|minimum| minimum < 0.0);
                let pattern = if is_negative {
                    "^-?[0-9]+$"
                } else {
                    "^[0-9]+$"
                };
                json!({ "type": "string", "format": "int64", "pattern": pattern })
            }
        };
        match (kind, rules.allowed.as_slice()) {
            (_, []) => schema,
            (Kind::String | Kind::Int32 | Kind::Uint32 | Kind::Double | Kind::Float, allowed) => {
                with(
                    schema,
                    Map::from_iter([("enum".to_owned(), json!(allowed))]),
                )
            }
            _ => schema,
        }
    }

    /// A reference to the enum's component; the names themselves, if rules leave only some of them.
    fn enumeration(&mut self, values: &EnumDescriptor, rules: &Rules) -> Value {
        if values.full_name() == "google.protobuf.NullValue" {
            return json!({ "type": "null" });
        }
        let all: Vec<_> = values
            .values()
            .map(|value| value.name().to_owned())
            .collect();
        let allowed: Vec<_> = values
            .values()
            .filter(|value| rules.allows(value.number()))
            .map(|value| value.name().to_owned())
            .collect();
        if allowed.len() < all.len() {
            return json!({ "type": "string", "enum": allowed });
        }
        let name = self.contract.names.of(values.full_name()).to_owned();
        let mut schema = json!({ "type": "string", "enum": all });
        describe(&mut schema, &self.contract.comments.of_enum(values));
        self.add(&name, schema)
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
                let mut schema = self.kind(&value.kind(), &Rules::default());
                schema["type"] = json!([schema["type"], "null"]);
                schema
            }
            _ => json!({ "type": "object" }),
        }
    }
}

/// What an empty string would break binds all others.
fn or_empty(mut keywords: Map<String, Value>) -> Map<String, Value> {
    let mut others = Map::new();
    for keyword in ["format", "pattern", "minLength"] {
        if let Some(value) = keywords.remove(keyword) {
            others.insert(keyword.to_owned(), value);
        }
    }
    if !others.is_empty() {
        let others = ecma(others);
        keywords.insert("anyOf".to_owned(), json!([{ "maxLength": 0 }, others]));
    }
    keywords
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

fn describe(schema: &mut Value, description: &str) {
    if !description.is_empty() {
        schema["description"] = json!(description);
    }
}

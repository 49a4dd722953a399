//! Descriptors to tables. A rule that is not known here refuses the start: it would hold nowhere.

mod typed;

use std::collections::HashMap;
use std::sync::Arc;

use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, ExtensionDescriptor, FieldDescriptor,
    Kind as Declared, MessageDescriptor, Value,
};

use super::Rules;
use super::list::{ListRules, MapRules};
use super::table::{Field, Kind, Oneof, Shape, Table, ValueRules};
use super::text::TextRules;
use crate::behavior::Behavior;
use crate::written::{Ignore, Written};
use crate::{Text, TextOf};

/// Compiles rules from descriptors.
#[derive(Debug)]
pub struct Compiler {
    message: Option<ExtensionDescriptor>,
    oneof: Option<ExtensionDescriptor>,
    requests: Option<TextOf>,
}

impl Compiler {
    /// A compiler for the messages of a pool.
    #[must_use]
    pub fn new(pool: &DescriptorPool) -> Compiler {
        let extension = |name| pool.get_extension_by_name(name);
        Compiler {
            message: extension("buf.validate.message"),
            oneof: extension("buf.validate.oneof"),
            requests: None,
        }
    }

    /// The same for requests. Fields that are OUTPUT_ONLY are ignored in them, so their rules are not
    /// asked (AIP-203). No text may hold U+0000, which Postgres does not store. And texts of a kind
    /// hold to it.
    #[must_use]
    pub fn for_requests(self, texts: TextOf) -> Compiler {
        let requests = Some(texts);
        Compiler { requests, ..self }
    }

    /// The rules of a message. `Err` lists the rules that are not supported.
    pub fn rules(&self, message: &MessageDescriptor) -> Result<Arc<Rules>, Vec<String>> {
        let mut pass = Pass {
            compiler: self,
            tables: Vec::new(),
            places: HashMap::new(),
            mistakes: Vec::new(),
        };
        pass.table(message);
        let Pass {
            tables, mistakes, ..
        } = pass;
        if mistakes.is_empty() {
            let refuse_nul = self.requests.is_some();
            Ok(Arc::new(Rules { tables, refuse_nul }))
        } else {
            Err(mistakes)
        }
    }
}

struct Pass<'c> {
    compiler: &'c Compiler,
    tables: Vec<Table>,
    places: HashMap<String, usize>,
    mistakes: Vec<String>,
}

impl Pass<'_> {
    fn table(&mut self, message: &MessageDescriptor) -> usize {
        if let Some(place) = self.places.get(message.full_name()) {
            return *place;
        }
        let place = self.tables.len();
        self.places.insert(message.full_name().to_owned(), place);
        self.tables.push(Table::default());
        if has_options(&message.options(), self.compiler.message.as_ref()) {
            self.unsupported(message.full_name(), "rules of a whole message");
        }
        let real_oneofs: Vec<_> = message.oneofs().filter(|one| !one.is_synthetic()).collect();
        let oneofs = real_oneofs.iter().map(|oneof| {
            let options = option(&oneof.options(), self.compiler.oneof.as_ref());
            let required = options.is_some_and(|rules| flag(&rules, "required"));
            Oneof {
                name: oneof.name().to_owned(),
                required,
            }
        });
        self.tables[place].oneofs = oneofs.collect();
        let mut fields: Vec<Field> = Vec::new();
        for descriptor in message.fields() {
            let mut field = self.field(&descriptor);
            field.oneof = descriptor
                .containing_oneof()
                .and_then(|oneof| real_oneofs.iter().position(|one| *one == oneof));
            fields.push(field);
        }
        fields.sort_by_key(|field| field.number);
        self.tables[place].fields = fields;
        place
    }

    fn field(&mut self, descriptor: &FieldDescriptor) -> Field {
        let written = self.understood(descriptor.full_name(), Written::of(descriptor));
        let name = descriptor.full_name().to_owned();
        let checked = written.ignore != Ignore::Always && !self.is_output_only(descriptor);
        let written = if checked { written } else { Written::default() };
        let skip_zero = written.ignore == Ignore::Zero;
        let (required, typed) = (written.required, written.typed);
        let kind_of_text = checked.then(|| self.kind_of_text(descriptor)).flatten();
        let mut shape = if descriptor.is_map() {
            let (key, value) = entry_fields(descriptor);
            let rules = self.map_rules(&name, typed, &key, &value);
            Shape::Map {
                key: self.kind(&key, checked),
                value: self.kind(&value, checked),
                rules,
            }
        } else if descriptor.cardinality() == Cardinality::Repeated {
            let rules = self.list_rules(&name, typed, descriptor);
            Shape::Many {
                kind: self.kind(descriptor, checked),
                rules,
            }
        } else {
            let rules = typed.map(|typed| self.value_rules(&name, typed, descriptor));
            Shape::One {
                kind: self.kind(descriptor, checked),
                rules: rules.unwrap_or_default(),
                presence: descriptor.supports_presence(),
            }
        };
        if let Some(kind) = kind_of_text {
            self.set_kind_of_text(&name, &mut shape, kind);
        }
        let (number, name) = (descriptor.number(), descriptor.json_name().to_owned());
        Field {
            number,
            name,
            shape,
            required,
            skip_zero,
            oneof: None,
        }
    }

    fn kind(&mut self, field: &FieldDescriptor, checked: bool) -> Kind {
        match field.kind() {
            Declared::Bool => Kind::Bool,
            Declared::Int32 => Kind::Int32,
            Declared::Int64 => Kind::Int64,
            Declared::Uint32 => Kind::Uint32,
            Declared::Uint64 => Kind::Uint64,
            Declared::Sint32 => Kind::Sint32,
            Declared::Sint64 => Kind::Sint64,
            Declared::Fixed32 => Kind::Fixed32,
            Declared::Fixed64 => Kind::Fixed64,
            Declared::Sfixed32 => Kind::Sfixed32,
            Declared::Sfixed64 => Kind::Sfixed64,
            Declared::Float => Kind::Float,
            Declared::Double => Kind::Double,
            Declared::Enum(_) => Kind::Enum,
            Declared::String => Kind::Text,
            Declared::Bytes => Kind::Bytes,
            Declared::Message(message) => Kind::Message {
                table: self.table(&message),
                checked,
            },
        }
    }

    fn kind_of_text(&mut self, field: &FieldDescriptor) -> Option<&'static dyn Text> {
        let text_of = self.compiler.requests?;
        text_of(field).unwrap_or_else(|kind| {
            self.unsupported(field.full_name(), &format!("text of the kind {kind}"));
            None
        })
    }

    fn set_kind_of_text(&mut self, name: &str, shape: &mut Shape, kind: &'static dyn Text) {
        let rules = match shape {
            Shape::One {
                kind: Kind::Text,
                rules,
                ..
            } => rules,
            Shape::Many {
                kind: Kind::Text,
                rules,
            } => &mut rules.items,
            _ => return self.unsupported(name, "text, on a field of another type"),
        };
        match rules {
            ValueRules::Text(rules) => rules.kind = Some(kind),
            _ => {
                let kind = Some(kind);
                *rules = ValueRules::Text(Box::new(TextRules {
                    kind,
                    ..TextRules::default()
                }));
            }
        }
    }

    fn is_output_only(&self, field: &FieldDescriptor) -> bool {
        self.compiler.requests.is_some() && Behavior::OutputOnly.is_of(field)
    }

    /// What is written, if there is nothing in it that is not checked.
    fn understood(&mut self, name: &str, written: Written) -> Written {
        for other in &written.others {
            self.unsupported(name, other);
        }
        written
    }

    /// The rules of keys, values or items.
    fn inner(&mut self, name: &str, value: &Value, field: &FieldDescriptor) -> (ValueRules, bool) {
        let written = self.understood(name, Written::read(value));
        if written.required {
            self.unsupported(name, "required, of keys, values or items");
        }
        if written.ignore == Ignore::Always {
            return Default::default();
        }
        let rules = written
            .typed
            .map(|typed| self.value_rules(name, typed, field));
        (rules.unwrap_or_default(), written.ignore == Ignore::Zero)
    }

    fn list_rules(
        &mut self,
        name: &str,
        typed: Option<(String, DynamicMessage)>,
        field: &FieldDescriptor,
    ) -> ListRules {
        let mut list = ListRules::default();
        let Some((kind, rules)) = typed else {
            return list;
        };
        if kind != "repeated" {
            self.unsupported(name, &format!("{kind}, on a repeated field"));
            return list;
        }
        for (rule, value) in rules.fields() {
            match rule.name() {
                "min_items" => list.length.least = value.as_u64(),
                "max_items" => list.length.most = value.as_u64(),
                "unique" => list.unique = value.as_bool() == Some(true),
                "items" => (list.items, list.skip_zero_items) = self.inner(name, value, field),
                other => self.unsupported(name, other),
            }
        }
        list
    }

    fn map_rules(
        &mut self,
        name: &str,
        typed: Option<(String, DynamicMessage)>,
        key: &FieldDescriptor,
        entry_value: &FieldDescriptor,
    ) -> MapRules {
        let mut map = MapRules::default();
        let Some((kind, rules)) = typed else {
            return map;
        };
        if kind != "map" {
            self.unsupported(name, &format!("{kind}, on a map"));
            return map;
        }
        for (rule, value) in rules.fields() {
            match rule.name() {
                "min_pairs" => map.length.least = value.as_u64(),
                "max_pairs" => map.length.most = value.as_u64(),
                "keys" => (map.keys, map.skip_zero_keys) = self.inner(name, value, key),
                "values" => {
                    (map.values, map.skip_zero_values) = self.inner(name, value, entry_value);
                }
                other => self.unsupported(name, other),
            }
        }
        map
    }

    fn value_rules(
        &mut self,
        name: &str,
        (kind, rules): (String, DynamicMessage),
        field: &FieldDescriptor,
    ) -> ValueRules {
        if !fits(&kind, &field.kind()) {
            self.unsupported(name, &format!("{kind}, on a field of another type"));
            return ValueRules::None;
        }
        match kind.as_str() {
            "string" => self.text(name, &rules),
            "bytes" => self.bytes(name, &rules),
            "bool" => self.boolean(name, &rules),
            "float" | "double" => self.float(name, &rules),
            "timestamp" | "duration" => self.time(name, &rules),
            _ => self.integer(name, &rules, field),
        }
    }

    fn unsupported(&mut self, name: &str, rule: &str) {
        self.mistakes
            .push(format!("{name}: the rule {rule} cannot be checked"));
    }
}

fn option(
    options: &DynamicMessage,
    extension: Option<&ExtensionDescriptor>,
) -> Option<DynamicMessage> {
    let extension = extension?;
    if !options.has_extension(extension) {
        return None;
    }
    options.get_extension(extension).as_message().cloned()
}

fn has_options(options: &DynamicMessage, extension: Option<&ExtensionDescriptor>) -> bool {
    option(options, extension).is_some_and(|rules| rules.fields().next().is_some())
}

fn flag(rules: &DynamicMessage, name: &str) -> bool {
    rules
        .get_field_by_name(name)
        .is_some_and(|value| value.as_bool() == Some(true))
}

fn entry_fields(map: &FieldDescriptor) -> (FieldDescriptor, FieldDescriptor) {
    let kind = map.kind();
    let entry = kind
        .as_message()
        .expect("a map field is a list of its entry messages");
    (entry.map_entry_key_field(), entry.map_entry_value_field())
}

/// Whether rules named `rules` are for a field of this type.
fn fits(rules: &str, kind: &Declared) -> bool {
    match kind {
        Declared::Double => rules == "double",
        Declared::Float => rules == "float",
        Declared::Int32 => rules == "int32",
        Declared::Int64 => rules == "int64",
        Declared::Uint32 => rules == "uint32",
        Declared::Uint64 => rules == "uint64",
        Declared::Sint32 => rules == "sint32",
        Declared::Sint64 => rules == "sint64",
        Declared::Fixed32 => rules == "fixed32",
        Declared::Fixed64 => rules == "fixed64",
        Declared::Sfixed32 => rules == "sfixed32",
        Declared::Sfixed64 => rules == "sfixed64",
        Declared::Bool => rules == "bool",
        Declared::String => rules == "string",
        Declared::Bytes => rules == "bytes",
        Declared::Enum(_) => rules == "enum",
        Declared::Message(message) => match message.full_name() {
            "google.protobuf.Timestamp" => rules == "timestamp",
            "google.protobuf.Duration" => rules == "duration",
            _ => false,
        },
    }
}

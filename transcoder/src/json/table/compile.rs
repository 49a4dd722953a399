//! Descriptors -> tables.

use std::collections::{BTreeMap, HashMap};

use prost::Message as _;

use super::{
    DescriptorError, Enum, EnumValue, Field, Form, Key, Kind, Message, NO_ONEOF, Names, Shape,
    Tables,
};
use crate::json::descriptor::{self as proto, Features};

/// Numbers below this are looked up directly, whatever the message.
const SMALL: u32 = 64;

/// Compiles a serialized `google.protobuf.FileDescriptorSet` that has all its imports.
pub(in crate::json) fn compile(descriptor_set: &[u8]) -> Result<Tables, DescriptorError> {
    let set = proto::FileSet::decode(descriptor_set)
        .map_err(|error| DescriptorError(format!("it is none: {error}")))?;
    let mut declared = Declared::default();
    for file in &set.file {
        let scope = Scope {
            name: file.package.clone().unwrap_or_default(),
            features: Features::of_file(file),
        };
        declared.add(&scope, &file.messages, &file.enums, &file.extensions);
    }
    let mut messages = Vec::with_capacity(declared.messages.len());
    for (name, message, features) in &declared.messages {
        messages.push(declared.fields(name, message, *features)?);
    }
    for (scope, extension) in &declared.extensions {
        let to = declared.index(&declared.by_name, &extension.extendee)?;
        let field = declared.field(scope.features, extension, false, Some(&scope.name))?;
        let message = &mut messages[to as usize];
        message.fields.push(Field {
            is_item: message.is_set && field.kind == Kind::Message,
            ..field
        });
    }
    messages.iter_mut().for_each(index);
    Ok(Tables {
        messages,
        enums: declared.enums,
        by_name: declared.by_name,
    })
}

#[derive(Clone)]
struct Scope {
    /// The package, or the full name of the message.
    name: String,
    features: Features,
}

impl Scope {
    fn name_of(&self, name: &str) -> String {
        match self.name.as_str() {
            "" => name.to_owned(),
            scope => format!("{scope}.{name}"),
        }
    }
}

#[derive(Default)]
struct Declared<'d> {
    messages: Vec<(String, &'d proto::Message, Features)>,
    by_name: HashMap<Box<str>, u32>,
    enums: Vec<Enum>,
    enums_by_name: HashMap<Box<str>, u32>,
    extensions: Vec<(Scope, &'d proto::Field)>,
}

impl<'d> Declared<'d> {
    fn add(
        &mut self,
        scope: &Scope,
        messages: &'d [proto::Message],
        enums: &'d [proto::Enum],
        extensions: &'d [proto::Field],
    ) {
        for message in messages {
            let own = message
                .options
                .as_ref()
                .and_then(|options| options.features);
            let inner = Scope {
                name: scope.name_of(&message.name),
                features: scope.features.with(own),
            };
            let index = self.messages.len() as u32;
            self.by_name.insert(inner.name.as_str().into(), index);
            self.messages
                .push((inner.name.clone(), message, inner.features));
            self.add(
                &inner,
                &message.messages,
                &message.enums,
                &message.extensions,
            );
        }
        for values in enums {
            let name = scope.name_of(&values.name);
            let own = values.options.as_ref().and_then(|options| options.features);
            let index = self.enums.len() as u32;
            self.enums.push(enumeration(
                values,
                scope.features.with(own).closed_enums,
                name == "google.protobuf.NullValue",
            ));
            self.enums_by_name.insert(name.into(), index);
        }
        let scoped = extensions
            .iter()
            .map(|extension| (scope.clone(), extension));
        self.extensions.extend(scoped);
    }

    fn index(&self, of: &HashMap<Box<str>, u32>, type_name: &str) -> Result<u32, DescriptorError> {
        of.get(type_name.trim_start_matches('.'))
            .copied()
            .ok_or_else(|| DescriptorError(format!("{type_name:?} is not in it")))
    }

    fn is_map_entry(&self, message: u32) -> bool {
        let options = &self.messages[message as usize].1.options;
        options.as_ref().is_some_and(|options| options.map_entry)
    }

    fn fields(
        &self,
        name: &str,
        message: &proto::Message,
        features: Features,
    ) -> Result<Message, DescriptorError> {
        let options = message.options.clone().unwrap_or_default();
        let mut oneofs = BTreeMap::new();
        let mut fields = Vec::with_capacity(message.fields.len());
        for proto in &message.fields {
            let mut field = self
                .field(features, proto, options.map_entry, None)
                .map_err(|DescriptorError(problem)| {
                    DescriptorError(format!("{name}: {problem}"))
                })?;
            if let Some(oneof) = proto.oneof_index.filter(|_| !proto.proto3_optional) {
                let next = oneofs.len() as u32;
                field.oneof = *oneofs.entry(oneof).or_insert(next);
            }
            fields.push(field);
        }
        Ok(Message {
            name: name.into(),
            form: form(name),
            own: fields.len(),
            fields,
            direct: Box::default(),
            sorted: Box::default(),
            names: Names::new(std::iter::empty()),
            oneofs: oneofs.len(),
            is_set: options.message_set_wire_format,
        })
    }

    fn field(
        &self,
        features: Features,
        field: &proto::Field,
        in_map_entry: bool,
        extended_in: Option<&str>,
    ) -> Result<Field, DescriptorError> {
        let options = field.options.clone().unwrap_or_default();
        let features = features.with(options.features);
        let mut kind = kind(field.r#type)
            .ok_or_else(|| DescriptorError(format!("{:?} has no type", field.name)))?;
        let number = u32::try_from(field.number)
            .ok()
            .filter(|number| (1..1 << 29).contains(number))
            .ok_or_else(|| DescriptorError(format!("{:?} has no valid number", field.name)))?;
        let target = match kind {
            Kind::Message | Kind::Group => self.index(&self.by_name, &field.type_name)?,
            Kind::Enum => self.index(&self.enums_by_name, &field.type_name)?,
            _ => 0,
        };
        let is_repeated = field.label == 3;
        let is_map = is_repeated && kind == Kind::Message && self.is_map_entry(target);
        if kind == Kind::Message && features.delimited && !is_map && !in_map_entry {
            kind = Kind::Group;
        }
        let has_presence = kind == Kind::Message
            || kind == Kind::Group
            || field.oneof_index.is_some()
            || extended_in.is_some()
            || !features.implicit_presence;
        let shape = match is_repeated {
            true if is_map => Shape::Map,
            true if kind.is_packable() && options.packed.unwrap_or(features.packed) => {
                Shape::Packed
            }
            true => Shape::List,
            false if has_presence => Shape::Explicit,
            false => Shape::Implicit,
        };
        let wire_type = match shape {
            Shape::Packed => 2,
            _ => kind.wire_type(),
        };
        let (json_name, proto_name) = match extended_in {
            None => (
                field
                    .json_name
                    .clone()
                    .unwrap_or_else(|| camel_case(&field.name)),
                field.name.clone(),
            ),
            Some("") => (format!("[{}]", field.name), format!("[{}]", field.name)),
            Some(scope) => {
                let name = format!("[{scope}.{}]", field.name);
                (name.clone(), name)
            }
        };
        Ok(Field {
            number,
            kind,
            shape,
            oneof: NO_ONEOF,
            target,
            is_item: false,
            tag: number << 3 | wire_type,
            json_key: Key::new(&json_name),
            proto_key: Key::new(&proto_name),
            json_name: json_name.into(),
            proto_name: proto_name.into(),
        })
    }
}

/// Puts the fields of a message in order, now that all are known.
fn index(message: &mut Message) {
    message.fields[..message.own].sort_by_key(|field| field.number);
    message.fields[message.own..].sort_by_key(|field| field.number);
    let mut sorted: Vec<_> = (0..)
        .zip(&message.fields)
        .map(|(at, field)| (field.number, at))
        .collect();
    sorted.sort_unstable();
    let largest = sorted.last().map_or(0, |&(number, _)| number);
    // Up to a quarter of the slots in use pays for a direct table.
    let direct = match largest {
        largest if largest / 4 <= sorted.len() as u32 + SMALL / 4 => largest + 1,
        _ => SMALL,
    };
    let mut direct = vec![0; direct as usize];
    for &(number, at) in &sorted {
        if let Some(slot) = direct.get_mut(number as usize) {
            *slot = at + 1;
        }
    }
    message.direct = direct.into();
    message.sorted = sorted.into();
    let fields = (0u32..).zip(&message.fields);
    let json = fields
        .clone()
        .map(|(at, field)| (at * 2, &*field.json_name));
    let proto = fields.map(|(at, field)| (at * 2 + 1, &*field.proto_name));
    message.names = Names::new(json.chain(proto));
}

fn enumeration(values: &proto::Enum, is_closed: bool, is_null: bool) -> Enum {
    let values: Vec<_> = values
        .values
        .iter()
        .map(|value| EnumValue {
            name: value.name.as_str().into(),
            number: value.number,
            quoted: serde_json::Value::from(value.name.as_str())
                .to_string()
                .into_bytes()
                .into(),
        })
        .collect();
    // Aliases: the first name of a number is the one that is printed.
    let mut numbers = BTreeMap::new();
    for (at, value) in (0u32..).zip(&values) {
        numbers.entry(value.number).or_insert(at);
    }
    Enum {
        names: Names::new((0u32..).zip(&values).map(|(at, value)| (at, &*value.name))),
        numbers: numbers.into_iter().collect(),
        values,
        is_closed,
        is_null,
    }
}

/// descriptor.proto: `json_name` is what protoc makes of the name if nothing else was asked for.
fn camel_case(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut capital = false;
    for c in name.chars() {
        match c {
            '_' => capital = true,
            c if capital => {
                camel.push(c.to_ascii_uppercase());
                capital = false;
            }
            c => camel.push(c),
        }
    }
    camel
}

fn kind(number: i32) -> Option<Kind> {
    const KINDS: [Kind; 18] = [
        Kind::Double,
        Kind::Float,
        Kind::Int64,
        Kind::Uint64,
        Kind::Int32,
        Kind::Fixed64,
        Kind::Fixed32,
        Kind::Bool,
        Kind::String,
        Kind::Group,
        Kind::Message,
        Kind::Bytes,
        Kind::Uint32,
        Kind::Enum,
        Kind::Sfixed32,
        Kind::Sfixed64,
        Kind::Sint32,
        Kind::Sint64,
    ];
    KINDS
        .get(usize::try_from(number).ok()?.checked_sub(1)?)
        .copied()
}

fn form(full_name: &str) -> Form {
    match full_name.strip_prefix("google.protobuf.") {
        Some("Any") => Form::Any,
        Some("Timestamp") => Form::Timestamp,
        Some("Duration") => Form::Duration,
        Some("FieldMask") => Form::FieldMask,
        Some("Struct") => Form::Struct,
        Some("Value") => Form::Value,
        Some("ListValue") => Form::ListValue,
        Some("Empty") => Form::Empty,
        Some(
            "DoubleValue" | "FloatValue" | "Int64Value" | "UInt64Value" | "Int32Value"
            | "UInt32Value" | "BoolValue" | "StringValue" | "BytesValue",
        ) => Form::Wrapper,
        _ => Form::Plain,
    }
}

//! The JSON engine: proto3 JSON bytes <-> protobuf wire bytes, by descriptor.
//!
//! Behind [`Json`] stands prost-reflect's dynamic message, for now. Nothing of it shows in the
//! signatures, so that an engine without an intermediate message can take its place.

use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DeserializeOptions, DynamicMessage, FieldDescriptor, MessageDescriptor,
    SerializeOptions,
};

use crate::field::submessage;
use crate::{JsonError, JsonOptions};

mod fault;
mod path;
mod scan;

/// serde_json itself stops at 128.
const MAX_DEPTH: usize = 120;

/// The engine of one descriptor pool. Clones share nothing that changes.
#[derive(Debug, Clone)]
pub(crate) struct Json {
    reading: DeserializeOptions,
    printing: SerializeOptions,
    max_depth: usize,
    max_bytes: usize,
}

impl Json {
    /// The pool is where an engine finds the tables it compiles; this one needs none.
    pub(crate) fn new(_pool: &DescriptorPool, options: &JsonOptions) -> Self {
        Self {
            reading: DeserializeOptions::new().deny_unknown_fields(!options.ignore_unknown_fields),
            printing: SerializeOptions::new()
                .skip_default_fields(!options.always_print_fields_without_presence)
                .use_proto_field_name(options.use_proto_names)
                .use_enum_numbers(options.enums_as_ints),
            max_depth: options.max_depth.min(MAX_DEPTH),
            max_bytes: options.max_bytes,
        }
    }

    /// Appends the wire bytes of the `message` that `json` is.
    pub(crate) fn parse(
        &self,
        message: &MessageDescriptor,
        json: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), JsonError> {
        self.check_size(json)?;
        scan::message(json, message, self.max_depth)?;
        self.read(message, json, out)
    }

    /// Appends the record of one `field` of `message`, whose value alone `json` is. Paths of errors
    /// start at `message`.
    pub(crate) fn parse_field(
        &self,
        message: &MessageDescriptor,
        field: &FieldDescriptor,
        json: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), JsonError> {
        self.check_size(json)?;
        // It is one JSON value once it has been scanned, so it can stand inside of an object.
        scan::field(json, field, self.max_depth)?;
        let name = serde_json::Value::from(field.json_name()).to_string();
        let object = [b"{", name.as_bytes(), b":", json, b"}"].concat();
        self.read(message, &object, out)
    }

    /// Appends the JSON of the `message` whose wire bytes are `wire`.
    pub(crate) fn print(
        &self,
        message: &MessageDescriptor,
        wire: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), JsonError> {
        self.write(&decode(message, wire)?, out)
    }

    /// Appends the JSON of one `field` of the `message` whose wire bytes are `wire`. A message that
    /// is absent is `{}`, or `null` if its JSON is no plain object.
    pub(crate) fn print_field(
        &self,
        message: &MessageDescriptor,
        field: &FieldDescriptor,
        wire: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), JsonError> {
        let decoded = decode(message, wire)?;
        let value = decoded.get_field(field);
        if let (Some(inner), Some(value)) = (submessage(field), value.as_message()) {
            return match decoded.has_field(field) {
                true => self.write(value, out),
                false => self.write(&DynamicMessage::new(inner), out),
            };
        }
        // The field alone in its message, printed, and taken out of the object again.
        let mut alone = DynamicMessage::new(message.clone());
        if decoded.has_field(field) {
            alone.set_field(field, value.into_owned());
        } else if field.supports_presence() {
            out.extend_from_slice(b"null");
            return Ok(());
        }
        let printing = match decoded.has_field(field) {
            true => self.printing.clone(),
            false => self.printing.clone().skip_default_fields(false),
        };
        let object = alone
            .serialize_with_options(serde_json::value::Serializer, &printing)
            .map_err(|error| whole(error.to_string()))?;
        let printed = object
            .get(field.json_name())
            .or_else(|| object.get(field.name()));
        let printed = printed.expect("a field that is set, or without presence, is printed");
        out.extend_from_slice(printed.to_string().as_bytes());
        Ok(())
    }

    fn check_size(&self, json: &[u8]) -> Result<(), JsonError> {
        if json.len() <= self.max_bytes {
            return Ok(());
        }
        Err(whole(format!("JSON of more than {} bytes", self.max_bytes)))
    }

    fn read(
        &self,
        message: &MessageDescriptor,
        json: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), JsonError> {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let read = DynamicMessage::deserialize_with_options(
            message.clone(),
            &mut deserializer,
            &self.reading,
        );
        match read {
            Ok(read) => {
                read.encode(out).expect("a Vec grows as it is needed");
                Ok(())
            }
            Err(_) => Err(fault::locate(message, json, &self.reading)),
        }
    }

    fn write(&self, message: &DynamicMessage, out: &mut Vec<u8>) -> Result<(), JsonError> {
        message
            .serialize_with_options(&mut serde_json::Serializer::new(out), &self.printing)
            .map_err(|error| whole(error.to_string()))
    }
}

fn decode(message: &MessageDescriptor, wire: &[u8]) -> Result<DynamicMessage, JsonError> {
    DynamicMessage::decode(message.clone(), wire)
        .map_err(|error| whole(format!("not a {}: {error}", message.full_name())))
}

fn whole(description: String) -> JsonError {
    JsonError {
        path: String::new(),
        description,
    }
}

//! The JSON engine: proto3 JSON bytes <-> protobuf wire bytes, each in one pass, driven by tables that
//! are compiled once from descriptors.
//!
//! There is no message in between: a value is written to the other side as soon as it has been read.
//! The engine needs nothing but a descriptor set, of proto2, proto3 and edition 2023 files alike, and
//! it is all this module offers: bytes in, bytes out, no sockets, no runtime.
//!
//! ```
//! use transcoder::JsonOptions;
//! use transcoder::json::Engine;
//!
//! # let descriptor_set = protox::Compiler::new(["tests/proto", "../proto"])?
//! #     .include_imports(true)
//! #     .open_file("library.proto")?
//! #     .encode_file_descriptor_set();
//! let engine = Engine::new(&descriptor_set, &JsonOptions::default())?;
//! let book = engine.message("library.v1.Book").expect("it is in library.proto");
//!
//! let mut wire = Vec::new();
//! engine.parse(book, br#"{"title": "Emma"}"#, &mut wire)?;
//! assert_eq!(wire, b"\x12\x04Emma");
//!
//! let mut json = Vec::new();
//! engine.print(book, &wire, &mut json)?;
//! assert_eq!(json, br#"{"title":"Emma"}"#);
//!
//! let fault = engine.parse(book, br#"{"title": 7}"#, &mut wire).unwrap_err();
//! assert_eq!(fault.to_string(), "title: expected a string");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is read
//!
//! The proto3 JSON mapping (protobuf.dev/programming-guides/json), and nothing beside it. A field is
//! given by its JSON name or its proto name, once; an extension as `[package.name]`. Integers may be
//! quoted, and `1e5` and `1.0` are integers; floats are rounded from their decimal digits; base64 is
//! taken in both alphabets, padded or not. Null is the same as an absent field, but for
//! `google.protobuf.Value` and `NullValue`, where it is a value. Refused are half a surrogate pair,
//! text that is no UTF-8, a key that comes twice in any object whose content means something, two
//! members of a oneof, names and enum values that are unknown (or skipped, see [`JsonOptions`]).
//!
//! Depth and size are bounded ([`JsonOptions`]), and so is the work: an `Any` may have its `@type`
//! anywhere, but not behind much of a text on each of many levels.
//!
//! # What is printed
//!
//! Fields by their numbers, then extensions by theirs; maps and `google.protobuf.Struct` in the order
//! of their keys: equal messages print as equal bytes, however they were written. Unknown fields have
//! no JSON. What JSON cannot express (text that is no UTF-8, a timestamp after the year 9999, an
//! `Any` of an unknown type) is an error.

use std::sync::Arc;

use prost_reflect::{FieldDescriptor, MessageDescriptor};

use crate::{JsonError, JsonOptions};

mod descriptor;
mod distinct;
mod expected;
mod fault;
mod mention;
mod number;
mod print;
mod read;
mod scan;
mod swar;
mod table;
mod time;
mod wire;

use fault::Outcome;
pub(crate) use mention::Mention;
use mention::Mentions;
use print::Printer;
use read::Reader;
use scan::Scanner;
pub use table::DescriptorError;
use table::{Field, Form, Message, Tables};

/// Each value inside of another takes some of the stack.
const MAX_DEPTH: usize = 120;

/// Reads and prints the messages of one descriptor set. Clones share the tables.
#[derive(Debug, Clone)]
pub struct Engine {
    tables: Arc<Tables>,
    options: JsonOptions,
}

/// A message of an [`Engine`]'s descriptor set; it means nothing to the engine of another set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageType(u32);

/// A field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FieldRef {
    message: u32,
    field: usize,
}

impl Engine {
    /// Compiles a serialized `google.protobuf.FileDescriptorSet` that has its imports.
    ///
    /// # Errors
    /// [`DescriptorError`] if the bytes are none, or if types are missing.
    pub fn new(descriptor_set: &[u8], options: &JsonOptions) -> Result<Self, DescriptorError> {
        let tables = table::compile(descriptor_set)?;
        Ok(Self {
            tables: Arc::new(tables),
            options: JsonOptions {
                max_depth: options.max_depth.min(MAX_DEPTH),
                ..options.clone()
            },
        })
    }

    /// The same tables with other options, such as those of one service.
    #[must_use]
    pub fn with_options(&self, options: &JsonOptions) -> Self {
        Self {
            tables: Arc::clone(&self.tables),
            options: JsonOptions {
                max_depth: options.max_depth.min(MAX_DEPTH),
                ..options.clone()
            },
        }
    }

    /// Whether it prints fields without presence also when they are empty or zero.
    pub(crate) fn prints_defaults(&self) -> bool {
        self.options.always_print_fields_without_presence
    }

    /// The message of that full name (`package.Message`).
    #[must_use]
    pub fn message(&self, full_name: &str) -> Option<MessageType> {
        self.tables.find(full_name).map(MessageType)
    }

    /// Appends the wire bytes of the message that `json` is.
    ///
    /// # Errors
    /// [`JsonError`] with the path and the description of the first fault. What has been appended
    /// by then is taken back.
    pub fn parse(
        &self,
        message: MessageType,
        json: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), JsonError> {
        let message = self.table(message);
        let start = out.len();
        let read = Reader::new(&self.tables, &self.options, json, 0, out);
        settle(read.and_then(|reader| reader.whole(message)), out, start)
    }

    /// Appends the JSON of the message whose wire bytes are `wire`.
    ///
    /// # Errors
    /// [`JsonError`] if the bytes are no such message, or hold what JSON cannot express. What has
    /// been appended by then is taken back.
    pub fn print(
        &self,
        message: MessageType,
        wire: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), JsonError> {
        let message = self.table(message);
        let start = out.len();
        let printed = Printer::new(&self.tables, &self.options, wire, out).message(message, wire);
        settle(printed, out, start)
    }

    /// Appends the record of one field, whose value alone `json` is. Paths of errors start at the
    /// message of the field.
    pub(crate) fn parse_field(
        &self,
        field: FieldRef,
        json: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), JsonError> {
        let field = self.field(field);
        let start = out.len();
        let read = Reader::new(&self.tables, &self.options, json, 1, out);
        let read = read.and_then(|reader| reader.whole_field(field));
        settle(
            read.map_err(|fault| fault.in_field(&field.json_name)),
            out,
            start,
        )
    }

    /// Appends the JSON of one field of the message whose wire bytes are `wire`. A message that is
    /// absent is `{}`, or `null` if its JSON is no plain object.
    pub(crate) fn print_field(
        &self,
        field: FieldRef,
        wire: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), JsonError> {
        let message = &self.tables.messages[field.message as usize];
        let start = out.len();
        let printed =
            Printer::new(&self.tables, &self.options, wire, out).field(message, field.field, wire);
        settle(printed, out, start)
    }

    /// Appends the record of `field` with the one value that `text` stands for, as in JSON but
    /// without quotes. The fault is what was expected instead.
    pub(crate) fn parse_text(
        &self,
        field: FieldRef,
        text: &str,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        let field = self.field(field);
        let start = out.len();
        read::text_field(&self.tables, field, text, out).ok_or_else(|| {
            out.truncate(start);
            expected::expected(&self.tables, field)
        })
    }

    /// The paths, in proto names, to the innermost fields that `json` mentions, less those that
    /// `skips` holds of. `json` has been accepted as a message of that type.
    pub(crate) fn mentioned(
        &self,
        message: MessageType,
        json: &[u8],
        how: &dyn Fn(FieldRef, &[&str]) -> Mention,
    ) -> Result<Vec<String>, JsonError> {
        let scan = Scanner::new(json, 0, self.options.max_depth)?;
        Ok(Mentions::new(&self.tables, scan, how).of(message)?)
    }

    /// Whether the message's JSON is an object with its fields.
    pub(crate) fn is_plain(&self, message: MessageType) -> bool {
        self.table(message).form == Form::Plain
    }

    pub(crate) fn message_of(&self, descriptor: &MessageDescriptor) -> MessageType {
        self.message(descriptor.full_name())
            .expect("tables and descriptors come from the same set")
    }

    pub(crate) fn field_of(&self, descriptor: &FieldDescriptor) -> FieldRef {
        let message = self.message_of(descriptor.parent_message());
        let field = self.table(message).by_number(descriptor.number());
        FieldRef {
            message: message.0,
            field: field.expect("tables and descriptors come from the same set"),
        }
    }

    fn table(&self, message: MessageType) -> &Message {
        &self.tables.messages[message.0 as usize]
    }

    fn field(&self, field: FieldRef) -> &Field {
        &self.tables.messages[field.message as usize].fields[field.field]
    }
}

fn settle(outcome: Outcome<()>, out: &mut Vec<u8>, start: usize) -> Result<(), JsonError> {
    outcome.map_err(|fault| {
        out.truncate(start);
        fault.into()
    })
}

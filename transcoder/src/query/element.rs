//! Entries of maps and elements of lists: `labels[a b]=1`, `items[0].sku=A`.

use std::collections::BTreeMap;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use super::spelling::usual;
use super::{AssignedFields, no_text};
use crate::field::{self, FieldPath, MAX_DEPTH};
use crate::json::Engine;
use crate::{FieldViolation, QueryOptions, wire};

/// Most entries and elements of one request: each costs memory well beyond its text.
const MAX_ELEMENTS: usize = 1_000;
/// Most of them one inside of another.
const MAX_NESTED: usize = 16;

/// The lists and maps of a request whose elements are given one by one.
#[derive(Default)]
pub(super) struct Elements {
    lists: Lists,
    count: u32,
}

/// By the numbers of their path.
type Lists = BTreeMap<Vec<u32>, List>;

/// A list or a map.
struct List {
    path: FieldPath,
    elements: BTreeMap<Key, Element>,
}

/// What tells elements apart.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Index(usize),
    /// The record of a map's key: however it is written, it is the same key.
    Record(Vec<u8>),
}

struct Element {
    id: u32,
    /// Of a message, the records of its fields; otherwise the record of the value.
    content: Vec<u8>,
    inner: Lists,
}

/// What is wrong with a parameter.
pub(super) enum Fault {
    /// It is no field.
    Unknown(String),
    /// It is one, but cannot be given so.
    Wrong(String),
}

impl From<String> for Fault {
    fn from(problem: String) -> Self {
        Self::Wrong(problem)
    }
}

impl From<&str> for Fault {
    fn from(problem: &str) -> Self {
        Self::Wrong(problem.to_owned())
    }
}

impl Elements {
    /// Takes a value whose place is `path`, and from there what follows the first `[`.
    pub(super) fn add(
        &mut self,
        given: &mut AssignedFields,
        json: &Engine,
        options: QueryOptions,
        path: &FieldPath,
        element: &str,
        value: &str,
    ) -> Result<(), Fault> {
        let indexed_lists = options.indexed_lists;
        let mut lists = &mut self.lists;
        let (mut path, mut rest) = (path.clone(), element);
        let mut way: Vec<u32> = Vec::new();
        let mut depth = path.fields().len();
        for _ in 0..MAX_NESTED {
            let (key, after) = split_key(rest)?;
            let field = path.leaf().clone();
            let (key, of_element) = key_of(&field, key, json, indexed_lists)?;
            let numbers: Vec<u32> = path.fields().iter().map(FieldDescriptor::number).collect();
            way.extend_from_slice(&numbers);
            let list = lists.entry(numbers).or_insert_with(|| List {
                path: path.clone(),
                elements: BTreeMap::new(),
            });
            let element = list.elements.entry(key).or_insert_with(|| {
                self.count += 1;
                Element {
                    id: self.count,
                    content: Vec::new(),
                    inner: Lists::new(),
                }
            });
            if self.count as usize > MAX_ELEMENTS {
                return Err(format!("is one of more than {MAX_ELEMENTS} elements").into());
            }
            way.push(element.id);
            let Some(inner) = after.strip_prefix('.') else {
                if field_is_message(&of_element) {
                    return Err("is a message; give its fields, such as \
                                \"field[key].subfield=value\""
                        .into());
                }
                if !given.fields.insert(way) {
                    return Err("is given more than once".into());
                }
                let value = &*usual(options, &of_element, value);
                let field = json.field_of(&of_element);
                return Ok(json.parse_text(field, value, &mut element.content)?);
            };
            let message = message_of(&of_element)
                .ok_or_else(|| Fault::Unknown("it has no fields of its own".to_owned()))?;
            let deeper;
            (path, deeper) = FieldPath::read(&message, inner).map_err(Fault::Unknown)?;
            depth += path.fields().len();
            if depth > MAX_DEPTH {
                return Err(format!("is more than {MAX_DEPTH} fields deep").into());
            }
            let Some(deeper) = deeper else {
                let leaf = path.leaf();
                if !field::is_text(leaf) {
                    return Err(no_text(leaf, indexed_lists).into());
                }
                given.check(&way, &path)?;
                let mut record = Vec::new();
                let value = &*usual(options, leaf, value);
                json.parse_text(json.field_of(leaf), value, &mut record)?;
                element
                    .content
                    .extend_from_slice(&wire::nested(&path, record));
                return Ok(());
            };
            given.check_oneofs(&way, &path)?;
            rest = deeper;
            lists = &mut element.inner;
        }
        Err(format!("has more than {MAX_NESTED} elements one inside of another").into())
    }

    /// Appends their records.
    pub(super) fn write(self, out: &mut Vec<u8>, violations: &mut Vec<FieldViolation>) {
        write(self.lists, out, violations);
    }
}

fn write(lists: Lists, out: &mut Vec<u8>, violations: &mut Vec<FieldViolation>) {
    for List { path, elements } in lists.into_values() {
        let field = path.leaf();
        for (expected, (key, element)) in elements.into_iter().enumerate() {
            if matches!(key, Key::Index(index) if index != expected) {
                let missing = format!("{}[{expected}]", path.name());
                let description = "is missing: indices start at 0 and leave none out";
                violations.push(FieldViolation::new(missing, description));
                break;
            }
            let mut content = element.content;
            write(element.inner, &mut content, violations);
            let record = record(field, key, content);
            out.extend_from_slice(&wire::nested(&path, record));
        }
    }
}

/// The record of one element.
fn record(list: &FieldDescriptor, key: Key, content: Vec<u8>) -> Vec<u8> {
    let mut record = Vec::with_capacity(content.len() + 8);
    match (key, entry(list)) {
        (Key::Record(mut inside), Some(entry)) => {
            let value = entry.map_entry_value_field();
            match field_is_message(&value) {
                true => wire::message(&value, &content, &mut inside),
                false => inside.extend_from_slice(&content),
            }
            wire::bytes(list.number(), &inside, &mut record);
        }
        _ if field_is_message(list) => wire::message(list, &content, &mut record),
        _ => return content,
    }
    record
}

/// The key, and the field whose value the element is: the list itself, or the value of an entry.
fn key_of(
    field: &FieldDescriptor,
    key: &str,
    json: &Engine,
    indexed_lists: bool,
) -> Result<(Key, FieldDescriptor), Fault> {
    if let Some(entry) = entry(field) {
        let mut record = Vec::new();
        let of_key = json.field_of(&entry.map_entry_key_field());
        json.parse_text(of_key, key, &mut record)
            .map_err(|expected| format!("the key: {expected}"))?;
        return Ok((Key::Record(record), entry.map_entry_value_field()));
    }
    match field.is_list() {
        false => Err("is neither a map nor a list".into()),
        true if !indexed_lists && field::is_text(field) => {
            Err("is a list; repeat the parameter, such as \"field=a&field=b\"".into())
        }
        true if !indexed_lists => Err(no_text(field, indexed_lists).into()),
        true => match key.parse() {
            Ok(index) if key.bytes().all(|byte| byte.is_ascii_digit()) => {
                Ok((Key::Index(index), field.clone()))
            }
            _ => Err("expected an index in the brackets, such as 0".into()),
        },
    }
}

/// What stands before the closing bracket, and what after: a bracket closes where a dot or the end
/// follows.
fn split_key(text: &str) -> Result<(&str, &str), Fault> {
    let closing = text.match_indices(']').find(|(at, _)| {
        let after = &text[at + 1..];
        after.is_empty() || after.starts_with('.')
    });
    let (at, _) = closing.ok_or("has a bracket that does not close")?;
    Ok((&text[..at], &text[at + 1..]))
}

fn entry(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    match field.kind() {
        Kind::Message(entry) if field.is_map() => Some(entry),
        _ => None,
    }
}

/// Whether an element is given by its fields, rather than as one text.
fn field_is_message(field: &FieldDescriptor) -> bool {
    !field::is_text(field)
}

/// The message whose fields are those of an element.
fn message_of(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    match field.kind() {
        Kind::Message(message) if !field::is_well_known(&message) => Some(message),
        _ => None,
    }
}

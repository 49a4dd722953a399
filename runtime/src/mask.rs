//! Which fields an update changes (AIP-134, AIP-161): one implementation for every resource, by what
//! its contract says of the fields (`google.api.field_behavior`, AIP-203).
//!
//! - A path changes what it names and nothing else: `price.units` leaves the currency as it is.
//! - No mask is all fields that were sent, `*` is all fields.
//! - What is OUTPUT_ONLY is passed over, so that a client may send back what it has read. What is
//!   IMMUTABLE may be sent as it is.
//! - A path that names no field, or something within a list, a map or a single value, is refused.

use std::fmt::Write as _;
use std::marker::PhantomData;

use contract_rules::behavior::Behavior;
use contracts::Named;
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage as _,
};
use prost_types::FieldMask;

use crate::contract::Contract;
use crate::status::Problem;

/// More mistakes are not told.
const MOST_MISTAKES: usize = 10;
/// As much is told of a path that names nothing: it is the client's own word.
const PATH_CHARACTERS: usize = 100;

/// The fields that one update of a resource names.
#[derive(Clone, Debug)]
pub struct Mask<M> {
    resource: MessageDescriptor,
    fields: Fields,
    of: PhantomData<fn() -> M>,
}

#[derive(Clone, Debug)]
enum Fields {
    /// All that was sent.
    Sent,
    All,
    Paths(Vec<Vec<FieldDescriptor>>),
}

impl<M: Named> Mask<M> {
    /// The mask of an update of the resource.
    ///
    /// # Errors
    /// Paths that name nothing that can be set apart, as mistakes in `updateMask`.
    pub fn of(mask: Option<&FieldMask>) -> Result<Mask<M>, Problem> {
        let contract = Contract::tradewind();
        let resource = contract.descriptors().get_message_by_name(M::FULL_NAME);
        let resource = resource.expect("its name is of the same descriptors");
        let paths = mask.map_or(&[] as &[String], |mask| &mask.paths);
        let fields = Fields::of(&resource, paths)?;
        Ok(Mask {
            resource,
            fields,
            of: PhantomData,
        })
    }

    /// `stored` as it is after the update.
    ///
    /// # Errors
    /// A field that never changes would.
    pub fn merge(&self, stored: &M, sent: &M) -> Result<M, Problem> {
        let mut merged = self.dynamic(stored);
        self.apply(&mut merged, &self.dynamic(sent))?;
        Ok(merged.transcode_to().expect("it was such a message before"))
    }

    fn dynamic(&self, message: &M) -> DynamicMessage {
        let bytes = message.encode_to_vec();
        let decoded = DynamicMessage::decode(self.resource.clone(), bytes.as_slice());
        decoded.expect("the mask is of this message")
    }

    fn apply(&self, merged: &mut DynamicMessage, sent: &DynamicMessage) -> Result<(), Problem> {
        let top = self.resource.fields();
        let paths: Vec<Vec<FieldDescriptor>> = match &self.fields {
            Fields::Paths(paths) => paths.clone(),
            Fields::Sent => top
                .filter(|field| sent.has_field(field))
                .map(|f| vec![f])
                .collect(),
            Fields::All => top
                .filter(|field| sent.has_field(field) || !is_fixed(field))
                .map(|field| vec![field])
                .collect(),
        };
        let mut mistakes = Vec::new();
        for path in &paths {
            if path.iter().any(|field| Behavior::OutputOnly.is_of(field)) {
                continue;
            }
            if path.iter().any(is_fixed) {
                if value(merged, path) != value(sent, path) {
                    mistakes.push(format!("{}: it never changes", json_path(path)));
                }
                continue;
            }
            set(merged, sent, path);
        }
        match mistakes.is_empty() {
            true => Ok(()),
            false => Err(invalid(mistakes)),
        }
    }
}

impl Fields {
    fn of(resource: &MessageDescriptor, paths: &[String]) -> Result<Fields, Problem> {
        if paths.is_empty() {
            return Ok(Fields::Sent);
        }
        let (mut named, mut mistakes) = (Vec::new(), Vec::new());
        for path in paths.iter().filter(|path| *path != "*") {
            match resolve(resource, path) {
                Ok(fields) => named.push(fields),
                Err(mistake) if mistakes.len() < MOST_MISTAKES => mistakes.push(mistake),
                Err(_) => {}
            }
        }
        if !mistakes.is_empty() {
            return Err(invalid(mistakes));
        }
        Ok(match paths.iter().any(|path| path == "*") {
            true => Fields::All,
            false => Fields::Paths(named),
        })
    }
}

fn invalid(mistakes: Vec<String>) -> Problem {
    Problem::invalid(mistakes.into_iter().map(|mistake| ("updateMask", mistake)))
}

/// The fields on the way that a path describes.
fn resolve(resource: &MessageDescriptor, path: &str) -> Result<Vec<FieldDescriptor>, String> {
    let mut way: Vec<FieldDescriptor> = Vec::new();
    for name in path.split('.') {
        let within = match way.last() {
            None => Some(resource.clone()),
            Some(outer) => parts(outer),
        };
        let Some(within) = within else {
            let whole = json_path(&way);
            return Err(format!("{}: {whole} is set as a whole", camel_case(path)));
        };
        let field = within.get_field_by_name(name);
        way.push(field.ok_or_else(|| format!("{}: there is no such field", camel_case(path)))?);
    }
    Ok(way)
}

/// The message whose fields can be set apart; none of lists, maps, and what is one value in JSON.
fn parts(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    match field.kind() {
        Kind::Message(message) if !field.is_list() && !field.is_map() => {
            (message.package_name() != "google.protobuf").then_some(message)
        }
        _ => None,
    }
}

/// Whether it keeps the value that it was created with.
fn is_fixed(field: &FieldDescriptor) -> bool {
    Behavior::Immutable.is_of(field) || Behavior::Identifier.is_of(field)
}

/// The value at the end of a path; none where a message on the way is not set.
fn value(message: &DynamicMessage, path: &[FieldDescriptor]) -> Option<prost_reflect::Value> {
    let (field, rest) = path.split_first()?;
    let found = message.get_field(field);
    if rest.is_empty() {
        return Some(found.into_owned());
    }
    value(found.as_message()?, rest)
}

/// Sets what the path names to what was sent, which may be nothing.
fn set(merged: &mut DynamicMessage, sent: &DynamicMessage, path: &[FieldDescriptor]) {
    let Some((field, rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        return replace(merged, sent, field);
    }
    if !merged.has_field(field) && !sent.has_field(field) {
        return;
    }
    let new = sent.get_field(field);
    let mut inner = merged.get_field(field).into_owned();
    if let (Some(inner), Some(new)) = (inner.as_message_mut(), new.as_message()) {
        set(inner, new, rest);
    }
    merged.set_field(field, inner);
}

fn replace(merged: &mut DynamicMessage, sent: &DynamicMessage, field: &FieldDescriptor) {
    if !sent.has_field(field) {
        return merged.clear_field(field);
    }
    let mut new = sent.get_field(field).into_owned();
    if parts(field).is_some()
        && let (Some(new), Some(old)) = (new.as_message_mut(), merged.get_field(field).as_message())
    {
        keep(new, old);
    }
    merged.set_field(field, new);
}

/// What only the service sets, or never changes, within a message stays as it was.
fn keep(new: &mut DynamicMessage, old: &DynamicMessage) {
    for field in old.descriptor().fields() {
        if Behavior::OutputOnly.is_of(&field) || is_fixed(&field) {
            match old.has_field(&field) {
                true => new.set_field(&field, old.get_field(&field).into_owned()),
                false => new.clear_field(&field),
            }
        } else if parts(&field).is_some() && new.has_field(&field) {
            let mut inner = new.get_field(&field).into_owned();
            if let (Some(inner), Some(old)) =
                (inner.as_message_mut(), old.get_field(&field).as_message())
            {
                keep(inner, old);
            }
            new.set_field(&field, inner);
        }
    }
}

fn json_path(fields: &[FieldDescriptor]) -> String {
    let names: Vec<_> = fields
        .iter()
        .map(|field| field.json_name().to_owned())
        .collect();
    names.join(".")
}

/// A path as REST writes it (protobuf.dev, JSON of FieldMask), as much of it as is told.
fn camel_case(path: &str) -> String {
    let mut told = String::new();
    let mut after_underscore = false;
    for c in path.chars().take(PATH_CHARACTERS) {
        // Writing to a string cannot fail.
        let _ = match c {
            '_' => Ok(()),
            c if after_underscore => write!(told, "{}", c.to_ascii_uppercase()),
            c if c.is_control() => write!(told, "{}", c.escape_default()),
            c => write!(told, "{c}"),
        };
        after_underscore = c == '_';
    }
    told
}

#[cfg(test)]
mod tests;

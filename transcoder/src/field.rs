//! Paths to fields, by descriptor.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

/// How deep a path may go. Recursive messages would otherwise allow paths as long as a URL.
pub(crate) const MAX_DEPTH: usize = 32;

/// The way from a message to one of its fields, through singular message fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldPath(Vec<FieldDescriptor>);

impl FieldPath {
    /// Follows names (proto or JSON) from `message`.
    pub(crate) fn resolve<'n>(
        message: &MessageDescriptor,
        names: impl Iterator<Item = &'n str>,
    ) -> Result<Self, String> {
        let mut path = Self(Vec::new());
        for name in names {
            let parent = path.parent(message)?;
            path.push(&parent, name)?;
        }
        if path.0.is_empty() {
            Err("an empty path".to_owned())
        } else {
            Ok(path)
        }
    }

    /// The path that a query parameter's name begins with, and what follows the bracket behind it.
    pub(crate) fn read<'k>(
        message: &MessageDescriptor,
        key: &'k str,
    ) -> Result<(Self, Option<&'k str>), String> {
        let mut path = Self(Vec::new());
        let mut rest = key;
        loop {
            let parent = path.parent(message)?;
            let (name, after) = rest.split_at(first_name(&parent, rest));
            path.push(&parent, name)?;
            match after.split_at_checked(1) {
                Some((".", inner)) => rest = inner,
                Some((_, element)) => return Ok((path, Some(element))),
                None => return Ok((path, None)),
            }
        }
    }

    /// The message that the next field is of.
    fn parent(&self, message: &MessageDescriptor) -> Result<MessageDescriptor, String> {
        if self.0.len() == MAX_DEPTH {
            return Err(format!("a path of more than {MAX_DEPTH} fields"));
        }
        match self.0.last() {
            None => Ok(message.clone()),
            Some(last) => submessage(last)
                .ok_or_else(|| format!("{:?} has no fields of its own", last.name())),
        }
    }

    fn push(&mut self, parent: &MessageDescriptor, name: &str) -> Result<(), String> {
        let field = by_name(parent, name)
            .ok_or_else(|| format!("{} has no field {name:?}", parent.full_name()))?;
        self.0.push(field);
        Ok(())
    }

    /// The fields, outermost first; at least one.
    pub(crate) fn fields(&self) -> &[FieldDescriptor] {
        &self.0
    }

    /// The last field.
    pub(crate) fn leaf(&self) -> &FieldDescriptor {
        self.0.last().expect("resolve refuses empty paths")
    }

    /// In proto names, with dots.
    pub(crate) fn name(&self) -> String {
        self.0
            .iter()
            .map(FieldDescriptor::name)
            .collect::<Vec<_>>()
            .join(".")
    }

    /// Whether one of them leads to the other, or both are the same.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a == b)
    }
}

/// How long the name is that `key` begins with: up to a dot or a bracket, unless the JSON name of a
/// field (`json_name`, any text) has these itself and fits further.
fn first_name(message: &MessageDescriptor, key: &str) -> usize {
    const ENDS: [char; 2] = ['.', '['];
    let Some(end) = key.find(ENDS) else {
        return key.len();
    };
    let fits = |field: FieldDescriptor| {
        let name = field.json_name();
        let after = key.strip_prefix(name)?;
        (after.is_empty() || after.starts_with(ENDS)).then_some(name.len())
    };
    message.fields().filter_map(fits).max().unwrap_or(end)
}

/// The field of that proto or JSON name.
pub(crate) fn by_name(message: &MessageDescriptor, name: &str) -> Option<FieldDescriptor> {
    message
        .get_field_by_json_name(name)
        .or_else(|| message.get_field_by_name(name))
}

/// The message of a singular field whose JSON is an object with the fields of the message.
pub(crate) fn submessage(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    match field.kind() {
        Kind::Message(message)
            if !field.is_list() && !field.is_map() && !is_well_known(&message) =>
        {
            Some(message)
        }
        _ => None,
    }
}

/// Whether the message has a JSON form of its own (proto3 JSON mapping).
pub(crate) fn is_well_known(message: &MessageDescriptor) -> bool {
    message
        .full_name()
        .strip_prefix("google.protobuf.")
        .is_some_and(|name| {
            matches!(
                name,
                "Any"
                    | "Timestamp"
                    | "Duration"
                    | "FieldMask"
                    | "Struct"
                    | "Value"
                    | "ListValue"
                    | "Empty"
            ) || is_wrapper(message)
        })
}

/// Whether a field (or an element of it, if repeated) can be given as one text.
pub(crate) fn is_text(field: &FieldDescriptor) -> bool {
    match field.kind() {
        _ if field.is_map() => false,
        Kind::Message(message) => {
            is_wrapper(&message)
                || (is_well_known(&message)
                    && matches!(message.name(), "Timestamp" | "Duration" | "FieldMask"))
        }
        _ => true,
    }
}

/// Whether it is one `google.protobuf.FieldMask`.
pub(crate) fn is_mask(field: &FieldDescriptor) -> bool {
    let is_mask = |kind: &Kind| matches!(kind, Kind::Message(m) if m.full_name() == "google.protobuf.FieldMask");
    !field.is_list() && is_mask(&field.kind())
}

/// Whether it, or an element of it, is a `google.protobuf.Struct` or `Value`.
pub(crate) fn is_free(field: &FieldDescriptor) -> bool {
    let name = message_name(field);
    name.is_some_and(|name| ["google.protobuf.Struct", "google.protobuf.Value"].contains(&&*name))
}

/// The full name of its message, if it is one or a list of them.
pub(crate) fn message_name(field: &FieldDescriptor) -> Option<String> {
    match field.kind() {
        Kind::Message(message) if !field.is_map() => Some(message.full_name().to_owned()),
        _ => None,
    }
}

/// Whether it is one of google/protobuf/wrappers.proto: JSON of it is JSON of its one field.
pub(crate) fn is_wrapper(message: &MessageDescriptor) -> bool {
    message
        .full_name()
        .strip_prefix("google.protobuf.")
        .is_some_and(|name| {
            matches!(
                name,
                "DoubleValue"
                    | "FloatValue"
                    | "Int64Value"
                    | "UInt64Value"
                    | "Int32Value"
                    | "UInt32Value"
                    | "BoolValue"
                    | "StringValue"
                    | "BytesValue"
            )
        })
}

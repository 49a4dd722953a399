//! Descriptors of editions for readers that know none.

use std::borrow::Cow;

use super::wire::{Broken, Cursor, Raw};

/// `syntax = "editions"` in a file's descriptor.
const EDITIONS: &[u8; 10] = b"\x62\x08editions";
/// `syntax = "proto2"`, and a field that nobody knows to fill the same place.
const PROTO2: &[u8; 10] = b"\x62\x06proto2\x68\0";

/// The descriptor set with each file of an edition declared as one of proto2. What is no descriptor
/// set stays as it is.
pub(crate) fn without_editions(descriptor_set: &[u8]) -> Cow<'_, [u8]> {
    let places = places(descriptor_set).unwrap_or_default();
    if places.is_empty() {
        return Cow::Borrowed(descriptor_set);
    }
    let mut set = descriptor_set.to_vec();
    for at in places {
        set[at..at + PROTO2.len()].copy_from_slice(PROTO2);
    }
    Cow::Owned(set)
}

/// Where the declarations stand.
fn places(set: &[u8]) -> Result<Vec<usize>, Broken> {
    let mut places = Vec::new();
    let mut files = Cursor::new(set);
    while !files.rest.is_empty() {
        let (number, wire_type) = files.tag()?;
        let Raw::Bytes(file) = files.value(number, wire_type)? else {
            continue;
        };
        let end = set.len() - files.rest.len();
        let mut records = Cursor::new(file);
        while !records.rest.is_empty() {
            if records.rest.starts_with(EDITIONS) {
                places.push(end - records.rest.len());
            }
            let (number, wire_type) = records.tag()?;
            records.value(number, wire_type)?;
        }
    }
    Ok(places)
}

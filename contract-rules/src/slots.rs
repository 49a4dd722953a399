//! Sorts what stands on the wire by the fields of a message.

use crate::kind::Kind;
use crate::raw::is_zero;
use crate::table::{Field, Shape, Table};
use crate::wire::{Malformed, Raw, Reader};

/// What a field was set to.
pub(crate) enum Slot<'a> {
    Unset,
    /// The last value counts, except of messages, which are merged.
    One(Raw<'a>),
    Merged(Vec<u8>),
    Many(Vec<Raw<'a>>),
}

/// What stands in a message.
pub(crate) struct Sorted<'a> {
    /// By the place of a field.
    pub(crate) slots: Vec<Slot<'a>>,
    /// What counts no longer, with the place of its field. The decoder reads it too.
    pub(crate) replaced: Vec<(usize, Slot<'a>)>,
}

impl<'a> Slot<'a> {
    /// The value of a field that has one.
    pub(crate) fn raw(&self) -> Option<Raw<'_>> {
        match self {
            Slot::One(raw) => Some(*raw),
            Slot::Merged(bytes) => Some(Raw::Bytes(bytes)),
            Slot::Unset | Slot::Many(_) => None,
        }
    }

    /// Those of one that has many.
    pub(crate) fn items(&self) -> &[Raw<'a>] {
        match self {
            Slot::Many(items) => items,
            _ => &[],
        }
    }
}

impl Field {
    /// Whether it is set, as far as it can be told.
    pub(crate) fn is_set(&self, slot: &Slot<'_>) -> bool {
        match &self.shape {
            Shape::One { kind, presence, .. } => {
                let is_set = |raw| *presence || !is_zero(*kind, raw);
                slot.raw().is_some_and(is_set)
            }
            _ => !slot.items().is_empty(),
        }
    }
}

/// Sorts the values of a message by their fields. Of a list that is longer than its rules allow, one
/// item too many is kept, if `in_haste`.
pub(crate) fn read<'a>(
    table: &Table,
    bytes: &'a [u8],
    in_haste: bool,
) -> Result<Sorted<'a>, Malformed> {
    let mut replaced = Vec::new();
    let mut slots: Vec<Slot<'a>> = Vec::new();
    slots.resize_with(table.fields.len(), || Slot::Unset);
    let mut reader = Reader(bytes);
    while let Some((number, raw)) = reader.field()? {
        let Some(place) = table.find(number) else {
            continue;
        };
        let field = &table.fields[place];
        let is_set = !matches!(slots[place], Slot::Unset);
        if let Some(oneof) = field.oneof.filter(|_| !is_set) {
            // The last member counts; the same member again is merged.
            let others = table.fields.iter().zip(&mut slots).enumerate();
            for (other, (_, slot)) in
                others.filter(|(index, (other, _))| *index != place && other.oneof == Some(oneof))
            {
                replace(&mut replaced, other, slot, Slot::Unset);
            }
        }
        let slot = &mut slots[place];
        match &field.shape {
            Shape::One {
                kind: Kind::Message { is_group, .. },
                ..
            } => merge(slot, content(raw, *is_group)?)?,
            Shape::One { .. } => replace(&mut replaced, place, slot, Slot::One(raw)),
            Shape::Many { kind, rules } => {
                if !matches!(slot, Slot::Many(_)) {
                    *slot = Slot::Many(Vec::new());
                }
                if let Slot::Many(items) = slot {
                    let is_full = |length| in_haste && rules.length.is_exceeded(length);
                    append(items, *kind, raw, is_full)?;
                }
            }
            Shape::Map { .. } => match slot {
                Slot::Many(entries) => entries.push(raw),
                _ => *slot = Slot::Many(vec![raw]),
            },
        }
    }
    Ok(Sorted { slots, replaced })
}

fn replace<'a>(
    replaced: &mut Vec<(usize, Slot<'a>)>,
    place: usize,
    slot: &mut Slot<'a>,
    by: Slot<'a>,
) {
    match std::mem::replace(slot, by) {
        Slot::Unset => {}
        old => replaced.push((place, old)),
    }
}

/// A message that comes in parts is what its parts are together.
fn merge<'a>(slot: &mut Slot<'a>, more: &'a [u8]) -> Result<(), Malformed> {
    if !matches!(slot, Slot::Unset) {
        // Each part is whole.
        let mut fields = Reader(more);
        while fields.field()?.is_some() {}
    }
    *slot = match std::mem::replace(slot, Slot::Unset) {
        Slot::One(Raw::Bytes(first)) => {
            let mut fields = Reader(first);
            while fields.field()?.is_some() {}
            Slot::Merged([first, more].concat())
        }
        Slot::Merged(mut bytes) => {
            bytes.extend_from_slice(more);
            Slot::Merged(bytes)
        }
        _ => Slot::One(Raw::Bytes(more)),
    };
    Ok(())
}

/// The bytes of a message.
fn content(raw: Raw<'_>, is_group: bool) -> Result<&[u8], Malformed> {
    match (raw, is_group) {
        (Raw::Bytes(bytes), false) | (Raw::Group(bytes), true) => Ok(bytes),
        _ => Err(Malformed),
    }
}

/// Numbers may be packed into one value, whatever the contract says.
fn append<'a>(
    items: &mut Vec<Raw<'a>>,
    kind: Kind,
    raw: Raw<'a>,
    is_full: impl Fn(usize) -> bool,
) -> Result<(), Malformed> {
    let raw = match kind {
        Kind::Message { is_group, .. } => Raw::Bytes(content(raw, is_group)?),
        _ => raw,
    };
    let (true, Raw::Bytes(packed)) = (kind.is_packable(), raw) else {
        if !is_full(items.len()) {
            items.push(raw);
        }
        return Ok(());
    };
    let mut reader = Reader(packed);
    while !reader.0.is_empty() && !is_full(items.len()) {
        items.push(match kind {
            Kind::Fixed32 | Kind::Sfixed32 | Kind::Float => Raw::Fixed32(reader.fixed32()?),
            Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => Raw::Fixed64(reader.fixed64()?),
            _ => Raw::Varint(reader.varint()?),
        });
    }
    Ok(())
}

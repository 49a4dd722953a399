//! Sorts what stands on the wire by the fields of a message.

use super::table::{Kind, Shape, Table};
use super::wire::{Malformed, Raw, Reader};

/// What a field was set to.
pub(super) enum Slot<'a> {
    Unset,
    /// The last value counts, except of messages, which are merged.
    One(Raw<'a>),
    Merged(Vec<u8>),
    Many(Vec<Raw<'a>>),
}

/// Sorts the values of a message by their fields. Of a list that is longer than its rules allow, one
/// item too many is kept, unless they are not `checking`.
pub(super) fn read<'a>(
    table: &Table,
    bytes: &'a [u8],
    checking: bool,
) -> Result<Vec<Slot<'a>>, Malformed> {
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
            for (_, (_, slot)) in
                others.filter(|(index, (other, _))| *index != place && other.oneof == Some(oneof))
            {
                *slot = Slot::Unset;
            }
        }
        let slot = &mut slots[place];
        match &field.shape {
            Shape::One {
                kind: Kind::Message { .. },
                ..
            } => merge(slot, raw)?,
            Shape::One { .. } => *slot = Slot::One(raw),
            Shape::Many { kind, rules } => {
                if !matches!(slot, Slot::Many(_)) {
                    *slot = Slot::Many(Vec::new());
                }
                if let Slot::Many(items) = slot {
                    let is_full = |length| checking && rules.length.is_exceeded(length);
                    append(items, *kind, raw, is_full)?;
                }
            }
            Shape::Map { .. } => match slot {
                Slot::Many(entries) => entries.push(raw),
                _ => *slot = Slot::Many(vec![raw]),
            },
        }
    }
    Ok(slots)
}

/// A message that comes in parts is what its parts are together.
fn merge<'a>(slot: &mut Slot<'a>, raw: Raw<'a>) -> Result<(), Malformed> {
    let Raw::Bytes(more) = raw else {
        return Err(Malformed);
    };
    *slot = match std::mem::replace(slot, Slot::Unset) {
        Slot::One(Raw::Bytes(first)) => Slot::Merged([first, more].concat()),
        Slot::Merged(mut bytes) => {
            bytes.extend_from_slice(more);
            Slot::Merged(bytes)
        }
        _ => Slot::One(raw),
    };
    Ok(())
}

/// Numbers may be packed into one value, whatever the contract says.
fn append<'a>(
    items: &mut Vec<Raw<'a>>,
    kind: Kind,
    raw: Raw<'a>,
    is_full: impl Fn(usize) -> bool,
) -> Result<(), Malformed> {
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

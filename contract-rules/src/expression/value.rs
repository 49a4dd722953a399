//! What stands on the wire as values of CEL.

use std::collections::HashMap;

use cel::common::types::{
    CelBool, CelBytes, CelDouble, CelDuration, CelInt, CelList, CelMap, CelMapKey, CelNull,
    CelString, CelStruct, CelTimestamp, CelUInt,
};
use cel::common::value::CowVal;
use prost_reflect::{DynamicMessage, MapKey, ReflectMessage as _, Value as Reflected};

use super::message::{Message, Source};
use crate::kind::Kind;
use crate::program::Cel;
use crate::raw::{entry, float, integer, time, wrapped, zero};
use crate::slots::Slot;
use crate::table::{Field, Shape};
use crate::time::Time;
use crate::wire::{Malformed, Raw};

pub(crate) fn of_value(source: &Source, kind: Kind, raw: Raw<'_>) -> Result<Cel, Malformed> {
    Ok(match (kind, raw) {
        (Kind::Message { table, .. }, Raw::Bytes(bytes)) => of_message(source, table, bytes)?,
        (Kind::Text, Raw::Bytes(bytes)) => {
            let text = std::str::from_utf8(bytes).map_err(|_| Malformed)?;
            Box::new(CelString::from(text.to_owned()))
        }
        (Kind::Bytes, Raw::Bytes(bytes)) => Box::new(CelBytes::from(bytes.to_vec())),
        (Kind::Float | Kind::Double, _) => Box::new(CelDouble::from(float(kind, raw)?)),
        (Kind::Bool, _) => Box::new(CelBool::from(integer(kind, raw)? != 0)),
        (Kind::Uint32 | Kind::Uint64 | Kind::Fixed32 | Kind::Fixed64, _) => {
            Box::new(CelUInt::from(integer(kind, raw)? as u64))
        }
        _ => Box::new(CelInt::from(integer(kind, raw)? as i64)),
    })
}

pub(crate) fn of_message(source: &Source, table: usize, bytes: &[u8]) -> Result<Cel, Malformed> {
    let name = source.0[table].name.as_str();
    if let Some(value) = well_known(name, || time(bytes))? {
        return Ok(value);
    }
    match source.0[table].wraps() {
        Some(kind) => of_value(source, kind, wrapped(bytes, kind)?),
        None => Ok(Box::new(Message::new(source, table, bytes, of_field))),
    }
}

/// No time at all, of which no expression knows anything, if it is beyond what can be told.
pub(super) fn timestamp(time: Time) -> Cel {
    let time = time.parts();
    let time = time.and_then(|(seconds, nanos)| chrono::DateTime::from_timestamp(seconds, nanos));
    match time {
        Some(time) => Box::new(CelTimestamp::from(time.fixed_offset())),
        None => Box::new(CelNull),
    }
}

fn duration(time: Time) -> Cel {
    let span = time.parts();
    match span.and_then(|(seconds, nanos)| chrono::Duration::new(seconds, nanos)) {
        Some(span) => Box::new(CelDuration::from(span)),
        None => Box::new(CelNull),
    }
}

/// Times have types of their own.
fn well_known(
    name: &str,
    time: impl FnOnce() -> Result<Time, Malformed>,
) -> Result<Option<Cel>, Malformed> {
    Ok(match name {
        "google.protobuf.Timestamp" => Some(timestamp(time()?)),
        "google.protobuf.Duration" => Some(duration(time()?)),
        _ => None,
    })
}

/// A field as an expression reads it, whether it is set or not.
pub(crate) fn of_field(source: &Source, field: &Field, slot: &Slot<'_>) -> Result<Cel, Malformed> {
    match &field.shape {
        Shape::One { kind, .. } => match (slot.raw(), kind) {
            (Some(raw), _) => of_value(source, *kind, raw),
            (None, Kind::Message { table, .. }) if source.0[*table].wraps().is_some() => {
                Ok(Box::new(CelNull))
            }
            (None, _) => of_value(source, *kind, zero(*kind)),
        },
        Shape::Many { kind, .. } => of_list(source, *kind, slot.items()),
        Shape::Map { key, value, .. } => of_map(source, (*key, *value), slot.items()),
    }
}

pub(super) fn of_list(source: &Source, kind: Kind, items: &[Raw<'_>]) -> Result<Cel, Malformed> {
    let items = items.iter().map(|item| of_value(source, kind, *item));
    let items: Vec<Cel> = items.collect::<Result<_, _>>()?;
    Ok(Box::new(CelList::from(items)))
}

pub(super) fn of_map(
    source: &Source,
    kinds: (Kind, Kind),
    entries: &[Raw<'_>],
) -> Result<Cel, Malformed> {
    let mut map: HashMap<CelMapKey<'static>, Cel> = HashMap::new();
    for one in entries {
        let (key, value) = entry(kinds, *one)?;
        let key = CelMapKey::try_from(of_value(source, kinds.0, key)?).map_err(|_| Malformed)?;
        map.insert(key, of_value(source, kinds.1, value)?);
    }
    Ok(Box::new(CelMap::from(map)))
}

/// The value of a rule.
pub(crate) fn of_reflected(value: &Reflected) -> Cel {
    match value {
        Reflected::Bool(value) => Box::new(CelBool::from(*value)),
        Reflected::I32(value) | Reflected::EnumNumber(value) => {
            Box::new(CelInt::from(i64::from(*value)))
        }
        Reflected::I64(value) => Box::new(CelInt::from(*value)),
        Reflected::U32(value) => Box::new(CelUInt::from(u64::from(*value))),
        Reflected::U64(value) => Box::new(CelUInt::from(*value)),
        Reflected::F32(value) => Box::new(CelDouble::from(f64::from(*value))),
        Reflected::F64(value) => Box::new(CelDouble::from(*value)),
        Reflected::String(value) => Box::new(CelString::from(value.clone())),
        Reflected::Bytes(value) => Box::new(CelBytes::from(value.to_vec())),
        Reflected::List(items) => {
            let items: Vec<Cel> = items.iter().map(of_reflected).collect();
            Box::new(CelList::from(items))
        }
        Reflected::Map(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| (of_key(key), of_reflected(value)));
            Box::new(CelMap::from(entries.collect::<HashMap<_, Cel>>()))
        }
        Reflected::Message(message) => of_reflected_message(message),
    }
}

fn of_reflected_message(message: &DynamicMessage) -> Cel {
    let descriptor = message.descriptor();
    let name = descriptor.full_name();
    let read = || crate::raw::time(&prost::Message::encode_to_vec(message));
    if let Ok(Some(value)) = well_known(name, read) {
        return value;
    }
    let wrapped = crate::wrapper::value(&descriptor);
    if let Some(field) = wrapped {
        return of_reflected(&message.get_field(&field));
    }
    let mut of = CelStruct::new(name.to_owned());
    for (field, value) in message.fields() {
        of.add_field_value(field.name().to_owned(), CowVal::Owned(of_reflected(value)));
    }
    Box::new(of)
}

fn of_key(key: &MapKey) -> CelMapKey<'static> {
    match key {
        MapKey::Bool(key) => (*key).into(),
        MapKey::I32(key) => i64::from(*key).into(),
        MapKey::I64(key) => (*key).into(),
        MapKey::U32(key) => u64::from(*key).into(),
        MapKey::U64(key) => (*key).into(),
        MapKey::String(key) => key.clone().into(),
    }
}

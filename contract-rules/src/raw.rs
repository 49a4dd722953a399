//! Values on the wire as their kinds read them.

use crate::kind::Kind;
use crate::path::quoted;
use crate::time::Time;
use crate::wire::{Malformed, Raw, Reader};

pub(crate) fn zero(kind: Kind) -> Raw<'static> {
    match kind {
        Kind::Text | Kind::Bytes | Kind::Message { .. } => Raw::Bytes(&[]),
        Kind::Fixed32 | Kind::Sfixed32 | Kind::Float => Raw::Fixed32(0),
        Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => Raw::Fixed64(0),
        _ => Raw::Varint(0),
    }
}

pub(crate) fn is_zero(kind: Kind, raw: Raw<'_>) -> bool {
    match raw {
        Raw::Bytes(bytes) | Raw::Group(bytes) => {
            !matches!(kind, Kind::Message { .. }) && bytes.is_empty()
        }
        Raw::Varint(value) => value == 0,
        // Minus zero is zero.
        Raw::Fixed32(bits) if kind == Kind::Float => f32::from_bits(bits) == 0.0,
        Raw::Fixed64(bits) if kind == Kind::Double => f64::from_bits(bits) == 0.0,
        Raw::Fixed32(value) => value == 0,
        Raw::Fixed64(value) => value == 0,
    }
}

pub(crate) fn integer(kind: Kind, raw: Raw<'_>) -> Result<i128, Malformed> {
    let zigzag = |value: u64| (value >> 1) as i64 ^ -((value & 1) as i64);
    Ok(match (kind, raw) {
        (Kind::Bool, Raw::Varint(value)) => i128::from(value != 0),
        (Kind::Int32 | Kind::Enum, Raw::Varint(value)) => i128::from(value as i32),
        (Kind::Int64, Raw::Varint(value)) => i128::from(value as i64),
        (Kind::Uint32, Raw::Varint(value)) => i128::from(value as u32),
        (Kind::Uint64, Raw::Varint(value)) => i128::from(value),
        (Kind::Sint32, Raw::Varint(value)) => i128::from(zigzag(u64::from(value as u32)) as i32),
        (Kind::Sint64, Raw::Varint(value)) => i128::from(zigzag(value)),
        (Kind::Fixed32, Raw::Fixed32(value)) => i128::from(value),
        (Kind::Sfixed32, Raw::Fixed32(value)) => i128::from(value as i32),
        (Kind::Fixed64, Raw::Fixed64(value)) => i128::from(value),
        (Kind::Sfixed64, Raw::Fixed64(value)) => i128::from(value as i64),
        _ => return Err(Malformed),
    })
}

pub(crate) fn float(kind: Kind, raw: Raw<'_>) -> Result<f64, Malformed> {
    match (kind, raw) {
        (Kind::Float, Raw::Fixed32(bits)) => Ok(f64::from(f32::from_bits(bits))),
        (Kind::Double, Raw::Fixed64(bits)) => Ok(f64::from_bits(bits)),
        _ => Err(Malformed),
    }
}

/// A Timestamp or a Duration: seconds (1) and nanoseconds (2).
pub(crate) fn time(message: &[u8]) -> Result<Time, Malformed> {
    let (mut seconds, mut nanos) = (0, 0);
    let mut reader = Reader(message);
    while let Some((number, raw)) = reader.field()? {
        match number {
            1 => seconds = integer(Kind::Int64, raw)?,
            2 => nanos = integer(Kind::Int32, raw)?,
            _ => {}
        }
    }
    Ok(Time::new(seconds, nanos))
}

/// The texts of field 1: the type's URL of an Any (the last counts), the paths of a FieldMask.
pub(crate) fn texts(message: &[u8]) -> Result<Vec<&str>, Malformed> {
    let mut texts = Vec::new();
    let mut reader = Reader(message);
    while let Some((number, raw)) = reader.field()? {
        match (number, raw) {
            (1, Raw::Bytes(text)) => texts.push(std::str::from_utf8(text).map_err(|_| Malformed)?),
            (1, _) => return Err(Malformed),
            _ => {}
        }
    }
    Ok(texts)
}

/// A value of which there is one, however it is written.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) enum Canonical<'a> {
    Integer(i128),
    /// The bits of a number.
    Float(u64),
    Bytes(&'a [u8]),
}

/// None of what equals nothing, not even itself.
pub(crate) fn canonical(kind: Kind, raw: Raw<'_>) -> Result<Option<Canonical<'_>>, Malformed> {
    Ok(match (kind, raw) {
        (_, Raw::Bytes(bytes)) => Some(Canonical::Bytes(bytes)),
        (Kind::Float | Kind::Double, _) => match float(kind, raw)? {
            value if value.is_nan() => None,
            // Minus zero is zero.
            value => Some(Canonical::Float((value + 0.0).to_bits())),
        },
        _ => Some(Canonical::Integer(integer(kind, raw)?)),
    })
}

/// An entry of a map: its key (1) and its value (2).
pub(crate) fn entry<'a>(
    kinds: (Kind, Kind),
    raw: Raw<'a>,
) -> Result<(Raw<'a>, Raw<'a>), Malformed> {
    let Raw::Bytes(bytes) = raw else {
        return Err(Malformed);
    };
    let (mut key, mut value) = (None, None);
    let mut reader = Reader(bytes);
    while let Some((number, raw)) = reader.field()? {
        match number {
            1 => replaced(kinds.0, key.replace(raw))?,
            2 => replaced(kinds.1, value.replace(raw))?,
            _ => {}
        }
    }
    let or_zero = |raw: Option<Raw<'a>>, kind| raw.unwrap_or(zero(kind));
    Ok((or_zero(key, kinds.0), or_zero(value, kinds.1)))
}

/// The decoder reads what counts no longer too.
fn replaced(kind: Kind, raw: Option<Raw<'_>>) -> Result<(), Malformed> {
    match (kind, raw) {
        (_, None) | (Kind::Message { .. }, _) | (Kind::Bytes, Some(Raw::Bytes(_))) => Ok(()),
        (Kind::Text, Some(Raw::Bytes(text))) => {
            std::str::from_utf8(text).map(drop).map_err(|_| Malformed)
        }
        (Kind::Float | Kind::Double, Some(raw)) => float(kind, raw).map(drop),
        (_, Some(raw)) => integer(kind, raw).map(drop),
    }
}

/// The value in a wrapper (1).
pub(crate) fn wrapped(message: &[u8], kind: Kind) -> Result<Raw<'_>, Malformed> {
    let mut value = zero(kind);
    let mut reader = Reader(message);
    while let Some((number, raw)) = reader.field()? {
        if number == 1 {
            value = raw;
        }
    }
    Ok(value)
}

pub(crate) fn print_key(kind: Kind, raw: Raw<'_>) -> Result<String, Malformed> {
    match (kind, raw) {
        (Kind::Text, Raw::Bytes(bytes)) => {
            let text = std::str::from_utf8(bytes).map_err(|_| Malformed)?;
            Ok(quoted(text))
        }
        (Kind::Bool, Raw::Varint(value)) => Ok((value != 0).to_string()),
        _ => integer(kind, raw).map(|value| value.to_string()),
    }
}

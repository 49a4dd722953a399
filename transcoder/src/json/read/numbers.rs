//! Numbers as they are written on the wire.

use crate::json::number::Integer;
use crate::json::table::Kind;
use crate::json::wire::put_varint;

/// Appends an integer as values of that kind are written; `None` if it is out of their range.
#[inline]
pub(super) fn put_integer(kind: Kind, integer: Integer, out: &mut Vec<u8>) -> Option<()> {
    let signed32 = || i32::try_from(integer.to_i64()?).ok();
    let unsigned32 = || u32::try_from(integer.to_u64()?).ok();
    match kind {
        Kind::Int32 => put_varint(out, i64::from(signed32()?) as u64),
        Kind::Int64 => put_varint(out, integer.to_i64()? as u64),
        Kind::Uint32 => put_varint(out, u64::from(unsigned32()?)),
        Kind::Uint64 => put_varint(out, integer.to_u64()?),
        Kind::Sint32 => {
            let value = signed32()?;
            put_varint(out, u64::from(((value << 1) ^ (value >> 31)) as u32));
        }
        Kind::Sint64 => {
            let value = integer.to_i64()?;
            put_varint(out, ((value << 1) ^ (value >> 63)) as u64);
        }
        Kind::Fixed32 => out.extend_from_slice(&unsigned32()?.to_le_bytes()),
        Kind::Fixed64 => out.extend_from_slice(&integer.to_u64()?.to_le_bytes()),
        Kind::Sfixed32 => out.extend_from_slice(&signed32()?.to_le_bytes()),
        Kind::Sfixed64 => out.extend_from_slice(&integer.to_i64()?.to_le_bytes()),
        _ => return None,
    }
    Some(())
}

/// f32 and f64, each rounded from the decimal digits themselves.
pub(super) trait Float: std::str::FromStr + Copy {
    fn is_finite(self) -> bool;

    fn finite(number: &str) -> Option<Self> {
        number.parse().ok().filter(|value: &Self| value.is_finite())
    }
}

impl Float for f32 {
    fn is_finite(self) -> bool {
        self.is_finite()
    }
}

impl Float for f64 {
    fn is_finite(self) -> bool {
        self.is_finite()
    }
}

//! The protobuf wire format (protobuf.dev/programming-guides/encoding).

/// Bytes that are no message, and why.
pub(super) type Broken = &'static str;

/// How deep groups may nest where they are passed over.
const MAX_SKIPPED: usize = 100;

/// What is left of a message on the wire.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'w> {
    pub(super) rest: &'w [u8],
}

/// The value of one record. A group is the bytes between its tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Raw<'w> {
    /// A varint, or the little-endian number in four or eight bytes.
    Number(u64),
    Bytes(&'w [u8]),
}

impl<'w> Cursor<'w> {
    pub(super) fn new(rest: &'w [u8]) -> Self {
        Self { rest }
    }

    #[inline(always)]
    pub(super) fn varint(&mut self) -> Result<u64, Broken> {
        match self.rest {
            [byte, rest @ ..] if *byte < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, Broken> {
        let mut value = 0;
        for (at, &byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * at);
            if byte < 0x80 {
                if at == 9 && byte > 1 {
                    return Err("a varint of more than 64 bits");
                }
                self.rest = &self.rest[at + 1..];
                return Ok(value);
            }
        }
        match self.rest.len() < 10 {
            true => Err("it ends within a varint"),
            false => Err("a varint of more than 64 bits"),
        }
    }

    /// The number of the next field, and its wire type.
    #[inline(always)]
    pub(super) fn tag(&mut self) -> Result<(u32, u32), Broken> {
        let tag = u32::try_from(self.varint()?).map_err(|_| "a tag of more than 32 bits")?;
        match tag >> 3 {
            0 => Err("a field with the number 0"),
            number => Ok((number, tag & 7)),
        }
    }

    #[inline(always)]
    pub(super) fn bytes(&mut self) -> Result<&'w [u8], Broken> {
        let length = self.varint()?;
        match usize::try_from(length)
            .ok()
            .and_then(|length| self.rest.split_at_checked(length))
        {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(bytes)
            }
            None => Err("it ends within a field"),
        }
    }

    #[inline]
    pub(super) fn fixed64(&mut self) -> Result<u64, Broken> {
        let (bytes, rest) = self
            .rest
            .split_first_chunk()
            .ok_or("it ends within a field")?;
        self.rest = rest;
        Ok(u64::from_le_bytes(*bytes))
    }

    #[inline]
    pub(super) fn fixed32(&mut self) -> Result<u32, Broken> {
        let (bytes, rest) = self
            .rest
            .split_first_chunk()
            .ok_or("it ends within a field")?;
        self.rest = rest;
        Ok(u32::from_le_bytes(*bytes))
    }

    /// The value of a record whose tag has just been read.
    #[inline(always)]
    pub(super) fn value(&mut self, number: u32, wire_type: u32) -> Result<Raw<'w>, Broken> {
        match wire_type {
            2 => self.bytes().map(Raw::Bytes),
            0 => self.varint().map(Raw::Number),
            _ => self.rare(number, wire_type),
        }
    }

    #[inline(never)]
    fn rare(&mut self, number: u32, wire_type: u32) -> Result<Raw<'w>, Broken> {
        match wire_type {
            1 => self.fixed64().map(Raw::Number),
            5 => self.fixed32().map(u64::from).map(Raw::Number),
            3 => self.group(number, MAX_SKIPPED).map(Raw::Bytes),
            4 => Err("the end of a group that did not begin"),
            _ => Err("an unknown wire type"),
        }
    }

    fn group(&mut self, number: u32, depth: usize) -> Result<&'w [u8], Broken> {
        let depth = depth.checked_sub(1).ok_or("groups that nest too deep")?;
        let content = self.rest;
        loop {
            let before = self.rest.len();
            match self.tag()? {
                (end, 4) if end == number => return Ok(&content[..content.len() - before]),
                (inner, 3) => drop(self.group(inner, depth)?),
                (inner, wire_type) => drop(self.value(inner, wire_type)?),
            }
        }
    }
}

#[inline]
pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Leaves room for the length of what follows. [`close`] with the same place writes it.
#[inline]
pub(super) fn open(out: &mut Vec<u8>) -> usize {
    out.push(0);
    out.len()
}

/// Writes the length of everything behind `start` in front of it.
#[inline]
pub(super) fn close(out: &mut Vec<u8>, start: usize) {
    let length = out.len() - start;
    match length {
        0..0x80 => out[start - 1] = length as u8,
        _ => close_long(out, start, length),
    }
}

/// Most lengths fit into the one byte that was left; a longer one moves what follows.
fn close_long(out: &mut Vec<u8>, start: usize, length: usize) {
    let more = (length.ilog2() / 7) as usize;
    out.resize(out.len() + more, 0);
    out.copy_within(start..start + length, start + more);
    let mut value = length;
    for byte in &mut out[start - 1..start - 1 + more] {
        *byte = value as u8 | 0x80;
        value >>= 7;
    }
    out[start - 1 + more] = value as u8;
}

#[cfg(test)]
mod tests {
    use super::{Cursor, close, open, put_varint};

    #[test]
    fn lengths_are_written_in_front() {
        for length in [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152] {
            let mut out = vec![7];
            let start = open(&mut out);
            out.extend((0..length).map(|n| n as u8));
            close(&mut out, start);
            let mut expected = vec![7];
            put_varint(&mut expected, length as u64);
            expected.extend((0..length).map(|n| n as u8));
            assert!(out == expected, "{length}");
            assert_eq!(Cursor::new(&out[1..]).bytes().map(<[u8]>::len), Ok(length));
        }
    }

    #[test]
    fn varints_have_at_most_64_bits() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            assert_eq!(Cursor::new(&out).varint(), Ok(value));
        }
        assert!(Cursor::new(&[0xff; 10]).varint().is_err());
        assert!(
            Cursor::new(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02")
                .varint()
                .is_err()
        );
        assert!(Cursor::new(b"\xff").varint().is_err());
    }
}

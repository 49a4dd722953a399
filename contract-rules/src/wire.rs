//! Reads protobuf's wire format (protobuf.dev, Encoding).

/// The bytes are not a message.
#[derive(Debug, PartialEq)]
pub(crate) struct Malformed;

/// A value as it stands on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Raw<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    /// What stands between the tags of a group.
    Group(&'a [u8]),
    Fixed32(u32),
}

pub(crate) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// The next field's number and value; none at the end.
    pub(crate) fn field(&mut self) -> Result<Option<(u32, Raw<'a>)>, Malformed> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let (number, wire_type) = self.tag()?;
        let raw = match wire_type {
            0 => Raw::Varint(self.varint()?),
            1 => Raw::Fixed64(self.fixed64()?),
            2 => Raw::Bytes(self.bytes()?),
            3 => Raw::Group(self.group(number, 0)?),
            5 => Raw::Fixed32(self.fixed32()?),
            _ => return Err(Malformed),
        };
        Ok(Some((number, raw)))
    }

    /// A field's number and its wire type: 29 bits and 3, and a decoder refuses more.
    fn tag(&mut self) -> Result<(u32, u32), Malformed> {
        let tag = u32::try_from(self.varint()?).map_err(|_| Malformed)?;
        match tag >> 3 {
            0 => Err(Malformed),
            number => Ok((number, tag & 7)),
        }
    }

    pub(crate) fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for (index, byte) in self.0.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                // The tenth byte has room for one bit.
                if index == 9 && *byte > 1 {
                    return Err(Malformed);
                }
                self.0 = &self.0[index + 1..];
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    pub(crate) fn fixed32(&mut self) -> Result<u32, Malformed> {
        let (first, rest) = self.0.split_first_chunk().ok_or(Malformed)?;
        self.0 = rest;
        Ok(u32::from_le_bytes(*first))
    }

    pub(crate) fn fixed64(&mut self) -> Result<u64, Malformed> {
        let (first, rest) = self.0.split_first_chunk().ok_or(Malformed)?;
        self.0 = rest;
        Ok(u64::from_le_bytes(*first))
    }

    fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
        let (first, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(first)
    }

    /// Reads to the end of a group, and gives what stands in it.
    fn group(&mut self, number: u32, depth: usize) -> Result<&'a [u8], Malformed> {
        if depth > 100 {
            return Err(Malformed);
        }
        let start = self.0;
        loop {
            let rest = self.0;
            match self.tag()? {
                (_, 0) => drop(self.varint()?),
                (_, 1) => drop(self.fixed64()?),
                (_, 2) => drop(self.bytes()?),
                (inner, 3) => drop(self.group(inner, depth + 1)?),
                (end, 4) if end == number => return Ok(&start[..start.len() - rest.len()]),
                (_, 5) => drop(self.fixed32()?),
                _ => return Err(Malformed),
            }
        }
    }
}

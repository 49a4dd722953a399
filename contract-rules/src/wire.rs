//! Reads protobuf's wire format (protobuf.dev, Encoding).

/// The bytes are not a message.
#[derive(Debug, PartialEq)]
pub(super) struct Malformed;

/// A value as it stands on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Raw<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// The next field's number and value; none at the end.
    pub(super) fn field(&mut self) -> Result<Option<(u32, Raw<'a>)>, Malformed> {
        loop {
            if self.0.is_empty() {
                return Ok(None);
            }
            let tag = self.varint()?;
            let number = u32::try_from(tag >> 3).map_err(|_| Malformed)?;
            if number == 0 {
                return Err(Malformed);
            }
            let raw = match tag & 7 {
                0 => Raw::Varint(self.varint()?),
                1 => Raw::Fixed64(self.fixed64()?),
                2 => Raw::Bytes(self.bytes()?),
                5 => Raw::Fixed32(self.fixed32()?),
                3 => {
                    self.skip_group(number, 0)?;
                    continue;
                }
                _ => return Err(Malformed),
            };
            return Ok(Some((number, raw)));
        }
    }

    pub(super) fn varint(&mut self) -> Result<u64, Malformed> {
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

    pub(super) fn fixed32(&mut self) -> Result<u32, Malformed> {
        let (first, rest) = self.0.split_first_chunk().ok_or(Malformed)?;
        self.0 = rest;
        Ok(u32::from_le_bytes(*first))
    }

    pub(super) fn fixed64(&mut self) -> Result<u64, Malformed> {
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

    /// Groups are not in proto3: an unknown field may be one.
    fn skip_group(&mut self, number: u32, depth: usize) -> Result<(), Malformed> {
        if depth > 100 {
            return Err(Malformed);
        }
        loop {
            let tag = self.varint()?;
            match tag & 7 {
                0 => drop(self.varint()?),
                1 => drop(self.fixed64()?),
                2 => drop(self.bytes()?),
                3 => self.skip_group((tag >> 3) as u32, depth + 1)?,
                4 if tag >> 3 == u64::from(number) => return Ok(()),
                5 => drop(self.fixed32()?),
                _ => return Err(Malformed),
            }
        }
    }
}

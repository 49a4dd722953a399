//! The names of members, ready to be printed and to be recognised.

/// How many bytes are copied at once. Hardly any key has more.
const SHORT: usize = 32;

/// What stands between the value of one member and that of the next: `,"name":`.
#[derive(Debug)]
pub(in crate::json) struct Key {
    text: Box<[u8]>,
    /// The beginning of the text.
    short: [u8; SHORT],
    /// The first eight bytes behind the comma, or what there is of them, and the bits that it has.
    first: u64,
    mask: u64,
}

impl Key {
    pub(super) fn new(name: &str) -> Self {
        let text = format!(",{}:", serde_json::Value::from(name)).into_bytes();
        let mut short = [0; SHORT];
        let length = text.len().min(SHORT);
        short[..length].copy_from_slice(&text[..length]);
        let (mut first, mut mask) = ([0; 8], [0; 8]);
        for (at, &byte) in text[1..].iter().take(8).enumerate() {
            (first[at], mask[at]) = (byte, 0xff);
        }
        Self {
            text: text.into(),
            short,
            first: u64::from_le_bytes(first),
            mask: u64::from_le_bytes(mask),
        }
    }

    /// With the comma in front.
    #[inline]
    pub(in crate::json) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Appends the text. A copy of a fixed length is a few instructions.
    #[inline]
    pub(in crate::json) fn put(&self, out: &mut Vec<u8>) {
        let end = out.len() + self.text.len();
        if self.text.len() <= SHORT {
            out.extend_from_slice(&self.short);
            out.truncate(end);
        } else {
            out.extend_from_slice(&self.text);
        }
    }

    /// How many bytes of `json` the key has, without its comma, if that is what it begins with. Not
    /// seen at the very end of a text, where no member can be whole.
    #[inline]
    pub(in crate::json) fn begins(&self, json: &[u8]) -> Option<usize> {
        let eight = u64::from_le_bytes(*json.first_chunk()?);
        let length = self.text.len() - 1;
        let is_it = (eight ^ self.first) & self.mask == 0
            && match length {
                0..=8 => true,
                // The last eight may overlap the first.
                9..=16 => {
                    json.get(length - 8..length)?.first_chunk::<8>() == self.text.last_chunk()
                }
                _ => json.get(..length)? == &self.text[1..],
            };
        is_it.then_some(length)
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn keys_of_every_length_are_printed_and_recognised() {
        for length in 0..50 {
            let name = "abcdefghijklmnopqrstuvwxyz".repeat(2)[..length].to_owned();
            let key = Key::new(&name);
            let text = format!(",\"{name}\":");
            let mut out = b"{}".to_vec();
            key.put(&mut out);
            assert_eq!(out, format!("{{}}{text}").as_bytes());

            let mut json = format!("{}\"a value\"", &text[1..]).into_bytes();
            assert_eq!(key.begins(&json), Some(length + 3));
            assert_eq!(key.begins(&json[..length + 2]), None);
            for wrong in 0..length + 3 {
                json[wrong] ^= 0x40;
                assert_eq!(key.begins(&json), None, "{wrong} of {name}");
                json[wrong] ^= 0x40;
            }
        }
    }
}

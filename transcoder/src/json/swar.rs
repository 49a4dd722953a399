//! Eight bytes at a time.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Marks (in the highest bit of each byte) what cannot stand as it is in a JSON string: quotes,
/// backslashes, control characters. Above the lowest mark there may be wrong ones.
#[inline]
fn special(eight: u64) -> u64 {
    let quote = eight ^ (ONES * b'"' as u64);
    let backslash = eight ^ (ONES * b'\\' as u64);
    let marks = (quote.wrapping_sub(ONES) & !quote)
        | (backslash.wrapping_sub(ONES) & !backslash)
        | (eight.wrapping_sub(ONES * 0x20) & !eight);
    marks & HIGH
}

/// Where from `start` on the first byte is that cannot stand as it is in a JSON string; the length,
/// if there is none.
#[inline]
pub(super) fn plain_until(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(eight) = bytes[at..].first_chunk::<8>() {
        let marks = special(u64::from_le_bytes(*eight));
        if marks != 0 {
            return at + (marks.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(&byte) = bytes.get(at) {
        if byte < 0x20 || byte == b'"' || byte == b'\\' {
            break;
        }
        at += 1;
    }
    at
}

/// Whether all bytes are ASCII that can stand as it is in a JSON string.
#[inline]
pub(super) fn is_plain_ascii(bytes: &[u8]) -> bool {
    let Some(last) = bytes.last_chunk::<8>() else {
        return bytes
            .iter()
            .all(|&byte| (0x20..0x80).contains(&byte) && byte != b'"' && byte != b'\\');
    };
    // The last eight may overlap those before.
    let mut marks = marks(*last);
    for eight in bytes.as_chunks::<8>().0 {
        marks |= self::marks(*eight);
    }
    marks == 0
}

#[inline]
fn marks(eight: [u8; 8]) -> u64 {
    let eight = u64::from_le_bytes(eight);
    special(eight) | (eight & HIGH)
}

/// Whether `text` begins with `start`, which is short.
#[inline]
pub(super) fn begins_with(text: &[u8], start: &[u8]) -> bool {
    let Some(text) = text.get(..start.len()) else {
        return false;
    };
    match (start.first_chunk::<8>(), start.last_chunk::<8>()) {
        (Some(first), Some(last)) if start.len() <= 16 => {
            text.first_chunk::<8>() == Some(first) && text.last_chunk::<8>() == Some(last)
        }
        (None, None) => match (start.first_chunk::<4>(), start.last_chunk::<4>()) {
            (Some(first), Some(last)) => {
                text.first_chunk::<4>() == Some(first) && text.last_chunk::<4>() == Some(last)
            }
            _ => text == start,
        },
        _ => text == start,
    }
}

#[cfg(test)]
mod tests {
    use super::{begins_with, is_plain_ascii, plain_until};

    #[test]
    fn every_byte_is_judged_at_every_place() {
        for byte in 0..=255u8 {
            for before in 0..20 {
                for after in 0..10 {
                    let mut text = vec![b'a'; before];
                    text.push(byte);
                    text.extend(std::iter::repeat_n(b'"', after));
                    let special = byte < 0x20 || byte == b'"' || byte == b'\\';
                    let expected = if special { before } else { before + 1 };
                    assert_eq!(plain_until(&text, 0), expected, "{byte} at {before}");
                    text.truncate(before + 1);
                    text.extend(std::iter::repeat_n(b'z', after));
                    assert_eq!(is_plain_ascii(&text), !special && byte < 0x80);
                }
            }
        }
    }

    #[test]
    fn beginnings_of_every_length_are_compared() {
        let text: Vec<u8> = (0..40).collect();
        for length in 0..30 {
            let mut start = text[..length].to_vec();
            assert!(begins_with(&text, &start), "{length}");
            assert_eq!(begins_with(&text[..20], &start), length <= 20);
            for wrong in 0..length {
                start[wrong] ^= 0x40;
                assert!(!begins_with(&text, &start), "{wrong} of {length}");
                start[wrong] ^= 0x40;
            }
        }
    }
}

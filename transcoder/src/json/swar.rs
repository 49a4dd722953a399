//! Eight bytes at a time.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// How many bytes of a string are copied eight by eight.
const SHORT: usize = 32;

/// Marks (in the highest bit of each byte) what cannot stand as it is in a JSON string: quotes,
/// backslashes, control characters. Above the lowest mark there may be wrong ones.
#[inline]
fn special(eight: u64) -> u64 {
    let quote = eight ^ (ONES * b'"' as u64);
    let backslash = eight ^ (ONES * b'\\' as u64);
    let marks =
        quote.wrapping_sub(ONES) | backslash.wrapping_sub(ONES) | eight.wrapping_sub(ONES * 0x20);
    // None of them is above 0x7f.
    marks & !eight & HIGH
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

/// Appends what stands from `start` on, as far as it can stand as it is in a JSON string, and tells
/// where that ends.
#[inline(always)]
pub(super) fn put_plain(bytes: &[u8], start: usize, out: &mut Vec<u8>) -> usize {
    let mut at = start;
    // Most strings are short: to cut off what was copied too much is less than to copy the rest.
    for _ in 0..SHORT / 8 {
        let Some(eight) = bytes[at..].first_chunk::<8>() else {
            break;
        };
        out.extend_from_slice(eight);
        let marks = special(u64::from_le_bytes(*eight));
        if marks != 0 {
            let plain = (marks.trailing_zeros() / 8) as usize;
            out.truncate(out.len() - 8 + plain);
            return at + plain;
        }
        at += 8;
    }
    let end = plain_until(bytes, at);
    out.extend_from_slice(&bytes[at..end]);
    end
}

/// Whether all bytes are ASCII that can stand as it is in a JSON string.
#[inline]
pub(super) fn is_plain_ascii(bytes: &[u8]) -> bool {
    let Some(last) = bytes.last_chunk::<8>() else {
        return marks(few(bytes)) == 0;
    };
    // The last eight may overlap those before.
    let mut marks = marks(*last);
    for eight in bytes.as_chunks::<8>().0 {
        marks |= self::marks(*eight);
    }
    marks == 0
}

/// Eight bytes that are those of `bytes`, which are fewer, and spaces.
#[inline]
fn few(bytes: &[u8]) -> [u8; 8] {
    let mut eight = [b' '; 8];
    match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            eight[..4].copy_from_slice(first);
            eight[4..].copy_from_slice(last);
        }
        _ => eight
            .iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from),
    }
    eight
}

#[inline]
fn marks(eight: [u8; 8]) -> u64 {
    let eight = u64::from_le_bytes(eight);
    special(eight) | (eight & HIGH)
}

#[cfg(test)]
mod tests {
    use super::{is_plain_ascii, plain_until, put_plain};

    #[test]
    fn every_byte_is_judged_at_every_place() {
        for byte in 0..=255u8 {
            for before in 0..50 {
                for after in 0..10 {
                    let mut text = vec![b'a'; before];
                    text.push(byte);
                    text.extend(std::iter::repeat_n(b'"', after));
                    let special = byte < 0x20 || byte == b'"' || byte == b'\\';
                    let expected = if special { before } else { before + 1 };
                    assert_eq!(plain_until(&text, 0), expected, "{byte} at {before}");
                    let mut out = vec![7];
                    assert_eq!(
                        put_plain(&text, 0, &mut out),
                        expected,
                        "{byte} at {before}"
                    );
                    assert_eq!(out, [&[7], &text[..expected]].concat());
                    text.truncate(before + 1);
                    text.extend(std::iter::repeat_n(b'z', after));
                    assert_eq!(is_plain_ascii(&text), !special && byte < 0x80);
                }
            }
        }
    }
}

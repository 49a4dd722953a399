//! Personal access tokens as they are written: `twp_`, 256 random bits and a checksum, in letters and
//! digits. What looks for secrets in files finds them by the prefix, and tells by the checksum, without
//! asking anybody, that what it found is one.

use aws_lc_rs::digest::{SHA256, digest};

/// How each begins.
pub const PREFIX: &str = "twp_";
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Digits of 256 bits.
const SECRET: usize = 43;
/// Digits of 32 bits.
const CHECKSUM: usize = 6;

/// The token of these random bytes.
#[must_use]
pub fn token(secret: [u8; 32]) -> String {
    let secret = base62(&secret, SECRET);
    format!("{PREFIX}{secret}{}", checksum(&secret))
}

/// Whether a text, such as a bearer token, means to be a personal access token.
#[must_use]
pub fn is_meant(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// Whether the text is whole: whether it is known is for svc-auth to say.
#[must_use]
pub fn is_whole(text: &str) -> bool {
    let parts = text
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.split_at_checked(SECRET));
    parts.is_some_and(|(secret, told)| told == checksum(secret))
}

/// The first four bytes of the SHA-256 of the digits before.
fn checksum(secret: &str) -> String {
    base62(&digest(&SHA256, secret.as_bytes()).as_ref()[..4], CHECKSUM)
}

/// A number of big-endian bytes in so many digits: all of `length` that it has.
fn base62(bytes: &[u8], length: usize) -> String {
    let mut number = bytes.to_vec();
    let mut digits = vec![0; length];
    for digit in digits.iter_mut().rev() {
        let mut rest = 0_u16;
        for byte in &mut number {
            let value = rest << 8 | u16::from(*byte);
            // Below 256, as the rest is below 62.
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            rest = value % 62;
        }
        *digit = ALPHABET[usize::from(rest)];
    }
    String::from_utf8_lossy(&digits).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_letters_and_digits_and_tells_when_it_is_not_whole() {
        for secret in [[0; 32], [255; 32], [7; 32]] {
            let token = token(secret);
            assert_eq!(token.len(), 4 + 43 + 6);
            assert!(is_meant(&token) && is_whole(&token));
            assert!(token[4..].bytes().all(|byte| byte.is_ascii_alphanumeric()));
            assert!(!is_whole(&token[..token.len() - 1]));
            assert!(!is_whole(&format!("{token}0")));
            let mut other = token.clone();
            other.replace_range(9..10, "_");
            assert!(is_meant(&other) && !is_whole(&other));
        }
        assert_ne!(token([1; 32]), token([2; 32]));
        assert!(!is_whole("twp_") && !is_whole("twp_é") && !is_meant("eyJhbGciOiJFZERTQSJ9"));
    }

    #[test]
    fn numbers_are_written_in_base_62() {
        assert_eq!(base62(&[0, 61], 3), "00z");
        assert_eq!(base62(&[0, 62], 3), "010");
        assert_eq!(base62(&[255; 4], 6), "4gfFC3");
    }
}

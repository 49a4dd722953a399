//! Codes that change with time (TOTP, RFC 6238): HMAC-SHA-1, steps of 30 seconds, six digits, which is
//! what authenticator apps know.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};
use data_encoding::BASE32_NOPAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Bytes of a secret: as many as the hash has (RFC 4226, section 4, R6).
pub const SECRET_LEN: usize = 20;
/// Seconds of a step (RFC 6238, section 5.2).
const STEP: i64 = 30;
/// How many steps a clock may be fast or slow.
const SKEW: i64 = 1;
const DIGITS: u32 = 6;
/// What stands in a URI as it is (RFC 3986, section 2.3).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The step that a typed code is of, around `now`; none if it is wrong.
#[must_use]
pub fn step_of(secret: &[u8], typed: &str, now: DateTime<Utc>) -> Option<i64> {
    // Apps show a gap in the middle, and some copy it.
    let typed: String = typed.chars().filter(|it| !it.is_whitespace()).collect();
    let current = now.timestamp().div_euclid(STEP);
    let mut found = None;
    // All are compared, whichever it is of.
    for step in current - SKEW..=current + SKEW {
        let code = code(secret, step, DIGITS);
        if verify_slices_are_equal(code.as_bytes(), typed.as_bytes()).is_ok() {
            found = Some(step);
        }
    }
    found
}

/// The code of a step (RFC 4226, section 5.3).
fn code(secret: &[u8], step: i64, digits: u32) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let mac = hmac::sign(&key, &step.to_be_bytes());
    let mac = mac.as_ref();
    let offset = usize::from(mac[mac.len() - 1] & 0xf);
    let bytes = [
        mac[offset],
        mac[offset + 1],
        mac[offset + 2],
        mac[offset + 3],
    ];
    let number = (u32::from_be_bytes(bytes) & 0x7fff_ffff) % 10_u32.pow(digits);
    format!("{number:0width$}", width = digits as usize)
}

/// A secret as apps take it that it is typed into: base32 (RFC 4648, section 6) without padding.
#[must_use]
pub fn base32(secret: &[u8]) -> String {
    BASE32_NOPAD.encode(secret)
}

/// The address that apps read as a QR code
/// (<https://github.com/google/google-authenticator/wiki/Key-Uri-Format>).
#[must_use]
pub fn uri(secret: &[u8], issuer: &str, account: &str) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
    let (issuer, account, secret) = (encoded(issuer), encoded(account), base32(secret));
    format!(
        "otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1\
         &digits={DIGITS}&period={STEP}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the vectors of RFC 6238, appendix B.
    const SECRET: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        for (seconds, expected) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(code(SECRET, seconds / STEP, 8), expected);
            // Six digits are the last ones.
            assert_eq!(
                step_of(SECRET, &expected[2..], at(seconds)),
                Some(seconds / STEP)
            );
        }
    }

    #[test]
    fn a_code_holds_in_its_step_and_in_those_beside_it() {
        let typed = code(SECRET, 100, DIGITS);
        let seen = |seconds| step_of(SECRET, &typed, at(seconds));
        assert_eq!(seen(99 * 30 - 1), None);
        for seconds in [99 * 30, 100 * 30, 100 * 30 + 29, 102 * 30 - 1] {
            assert_eq!(seen(seconds), Some(100));
        }
        assert_eq!(seen(102 * 30), None);
    }

    #[test]
    fn a_code_may_be_typed_with_a_gap_and_nothing_else_is_one() {
        let typed = code(SECRET, 100, DIGITS);
        let spaced = format!(" {} {}", &typed[..3], &typed[3..]);
        assert_eq!(step_of(SECRET, &spaced, at(3000)), Some(100));
        for wrong in [
            "",
            &typed[1..],
            &format!("0{typed}"),
            "abcdef",
            "１２３４５６",
        ] {
            assert_eq!(step_of(SECRET, wrong, at(3000)), None);
        }
    }

    #[test]
    fn apps_are_told_all_of_it_in_one_address() {
        assert_eq!(
            uri(SECRET, "Ada & Co", "ada+1@example.com"),
            "otpauth://totp/Ada%20%26%20Co:ada%2B1%40example.com\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Ada%20%26%20Co&algorithm=SHA1\
             &digits=6&period=30"
        );
    }
}

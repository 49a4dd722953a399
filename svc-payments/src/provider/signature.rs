//! Signatures of events: `t=SECONDS,v1=HEX`, HMAC-SHA256 of the time, a point, and the raw body
//! (docs.stripe.com/webhooks/signature).

use std::time::Duration;

use aws_lc_rs::{constant_time, hmac};
use chrono::{DateTime, Utc};

/// The header.
pub(super) const HEADER: &str = "stripe-signature";
/// How far a signature's time may be away, before or after.
pub(super) const TOLERANCE: Duration = Duration::from_secs(300);

/// The header of a body that is sent at this time.
pub(super) fn sign(secret: &[u8], body: &[u8], time: DateTime<Utc>) -> String {
    let seconds = time.timestamp();
    format!("t={seconds},v1={}", mac(secret, body, seconds))
}

/// Whether a header is of this body, and not old nor of the future: its time is no further away.
pub(super) fn holds(
    secret: &[u8],
    header: &str,
    body: &[u8],
    now: DateTime<Utc>,
    tolerance: Duration,
) -> bool {
    let parts = || header.split(',').filter_map(|part| part.split_once('='));
    let time = parts().find(|(name, _)| name.trim() == "t");
    let Some(time) = time.and_then(|(_, time)| time.trim().parse::<i64>().ok()) else {
        return false;
    };
    let expected = mac(secret, body, time);
    let is_expected = |given: &str| {
        constant_time::verify_slices_are_equal(given.trim().as_bytes(), expected.as_bytes()).is_ok()
    };
    let mut signatures = parts().filter(|(name, _)| name.trim() == "v1");
    now.timestamp().abs_diff(time) <= tolerance.as_secs()
        && signatures.any(|(_, given)| is_expected(given))
}

fn mac(secret: &[u8], body: &[u8], seconds: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let mut signing = hmac::Context::with_key(&key);
    signing.update(format!("{seconds}.").as_bytes());
    signing.update(body);
    let bytes = signing.sign();
    bytes
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::{DateTime, TOLERANCE, Utc, sign};

    fn holds(secret: &[u8], header: &str, body: &[u8], now: DateTime<Utc>) -> bool {
        super::holds(secret, header, body, now, TOLERANCE)
    }

    #[test]
    fn a_signature_holds_for_its_body_and_its_time_alone() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let header = sign(b"secret", b"{}", now);
        assert!(holds(b"secret", &header, b"{}", now));
        assert!(holds(
            b"secret",
            &format!("v0=00, {header},v1=00"),
            b"{}",
            now
        ));
        assert!(!holds(b"secret", &header, b"{ }", now));
        assert!(!holds(b"other", &header, b"{}", now));
        for away in [-301, 301] {
            let then = now + TimeDelta::seconds(away);
            assert!(!holds(b"secret", &header, b"{}", then), "{away}");
        }
        for header in ["", "t=", "t=x,v1=00", "v1=00", "t=1", "t=1=2,v1"] {
            assert!(!holds(b"secret", header, b"{}", now), "{header}");
        }
    }
}

//! What a reply says about limits: draft-ietf-httpapi-ratelimit-headers-10.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::Standing;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// `ratelimit-policy: "user";q=6000;w=60` and `ratelimit: "user";r=5999;t=1`, one item per limit.
pub(crate) fn announce(standings: &[Standing], headers: &mut HeaderMap) {
    if standings.is_empty() {
        return;
    }
    // Both fit, so that they are written once.
    let (mut policies, mut limits) = (String::with_capacity(64), String::with_capacity(64));
    for standing in standings {
        let Standing {
            policy,
            quota,
            remaining,
            ..
        } = standing;
        if !policies.is_empty() {
            policies.push_str(", ");
            limits.push_str(", ");
        }
        let [mut first, mut second] = [itoa::Buffer::new(), itoa::Buffer::new()];
        let requests = first.format(quota.requests.get());
        let window = second.format(quota.window.as_secs());
        policies.extend(["\"", policy, "\";q=", requests, ";w=", window]);
        let remaining = first.format(*remaining);
        let until_full = second.format(whole_seconds(standing.until_full()));
        limits.extend(["\"", policy, "\";r=", remaining, ";t=", until_full]);
    }
    let value = |text: String| HeaderValue::try_from(text).expect("policies have names in ASCII");
    headers.insert(POLICY, value(policies));
    headers.insert(LIMIT, value(limits));
}

/// Rounded up: who comes after that many seconds does not come too early.
pub(crate) fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Rate;

    #[test]
    fn a_reply_tells_where_the_caller_stands() {
        let quota = Rate::of(100, 60).0.unwrap();
        let standing = |policy, remaining| Standing {
            policy,
            quota,
            remaining,
            retry_after: None,
        };
        let mut headers = HeaderMap::new();
        announce(
            &[standing("address", 99), standing("user", 40)],
            &mut headers,
        );
        assert_eq!(
            headers[POLICY],
            r#""address";q=100;w=60, "user";q=100;w=60"#
        );
        assert_eq!(headers[LIMIT], r#""address";r=99;t=1, "user";r=40;t=36"#);
    }
}

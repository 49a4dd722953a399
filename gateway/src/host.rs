//! Whom a request is for.

use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderValue, Version};

use crate::failure::Failure;

/// Refuses a request that does not say it, or not clearly: what stands in front of the gateway may have
/// read it otherwise, and have kept or let through the request for that reason. One `Host`, which
/// HTTP/1.0 alone may leave out (RFC 9112, section 3.2), or `:authority`, and nothing else in the one
/// than in the other (RFC 9113, section 8.3.1).
pub(crate) fn check(head: &Parts) -> Result<(), Failure> {
    let mut values = head.headers.get_all(HOST).iter();
    let host = values.next();
    if values.next().is_some() {
        return Err(Failure::malformed("host: it may be sent once"));
    }
    if host.is_some_and(|host| !is_authority(host)) {
        return Err(Failure::malformed(
            "host: expected a name or an address, and perhaps a port",
        ));
    }
    let is_h2 = head.version >= Version::HTTP_2;
    match (host, head.uri.authority()) {
        (None, _) if head.version == Version::HTTP_10 => Ok(()),
        (None, authority) if authority.is_none() || !is_h2 => {
            Err(Failure::malformed("host: say whom the request is for"))
        }
        (_, Some(authority)) if authority.as_str().contains('@') => {
            Err(Failure::malformed("host: a user has no place in it"))
        }
        // In HTTP/1.1 the target goes before the header (RFC 9112, section 3.2.2).
        (Some(host), Some(authority)) if is_h2 && !is_same(host, authority) => {
            Err(Failure::malformed("host: it is not that of :authority"))
        }
        _ => Ok(()),
    }
}

fn is_same(host: &HeaderValue, authority: &Authority) -> bool {
    let authority = authority.as_str().as_bytes();
    host.as_bytes().eq_ignore_ascii_case(authority)
}

/// `uri-host [":" port]` (RFC 9110, section 7.2), and not nothing: an http URI has a host (4.2.1).
fn is_authority(host: &HeaderValue) -> bool {
    let Ok(authority) = Authority::try_from(host.as_bytes()) else {
        return false;
    };
    let name = authority.host();
    let port = authority.as_str().strip_prefix(name);
    let is_port = |port: &str| match port.strip_prefix(':') {
        Some(digits) => {
            let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.is_empty() || (is_number && digits.parse::<u16>().is_ok())
        }
        None => port.is_empty(),
    };
    // With a user before it, the name is not where it begins.
    !name.is_empty() && port.is_some_and(is_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_with_perhaps_a_port() {
        let is_authority = |text| is_authority(&HeaderValue::from_bytes(text).unwrap());
        for good in [
            "shop.example.com",
            "localhost:8080",
            "127.0.0.1:80",
            "[::1]:8080",
            "[::1]",
            "xn--bcher-kva.example",
            "a_b.svc.cluster.local",
            "x:",
        ] {
            assert!(is_authority(good.as_bytes()), "{good}");
        }
        for bad in [
            "", ":80", "a b", "a/b", "http://a", "user@a", "a:80:80", "a:b", "a:65536", "a:-1",
            "a:+1", "a?b", "a#b", "a\\b", "[::1", "::1",
        ] {
            assert!(!is_authority(bad.as_bytes()), "{bad}");
        }
        assert!(!is_authority(b"b\xfccher.example"));
    }
}

//! E-mail addresses, also those of the world (RFC 6531, RFC 5890).

use std::borrow::Cow;
use std::sync::LazyLock;

use idna::AsciiDenyList;
use regex::Regex;

use super::hidden;
use super::normal::nfc;

/// A domain in ASCII as browsers take it in an address (HTML, section 4.10.5.1.5).
pub(super) const DOMAIN: &str = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*";
static WHOLE_DOMAIN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&format!("^{DOMAIN}$")).expect("the pattern is valid"));

/// Whether a text is an address: of ASCII as browsers take it, and of other letters and digits in
/// both of its parts.
pub(super) fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let fits = |c: char| match c.is_ascii() {
        true => fits_ascii(c),
        false => !c.is_whitespace(),
    };
    !local.is_empty()
        && local.chars().all(fits)
        && hidden::first(local, &[]).is_none()
        && ascii(domain).is_some_and(|domain| WHOLE_DOMAIN.is_match(&domain))
}

/// Whether a character of ASCII may stand before the `@`.
pub(super) fn fits_ascii(c: char) -> bool {
    c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c)
}

/// The domain as the DNS has it; none if it cannot be.
fn ascii(domain: &str) -> Option<Cow<'_, str>> {
    if domain.is_ascii() {
        return Some(Cow::Borrowed(domain));
    }
    // What browsers do with the hosts of URLs (UTS 46), bidi overrides and the like refused.
    let ascii = idna::domain_to_ascii_cow(domain.as_bytes(), AsciiDenyList::STD3).ok()?;
    (ascii.len() <= 253).then_some(ascii)
}

/// The form of an address that is unique: without regard to case, in composed characters, the domain
/// as the DNS has it, so that `ada@bücher.example` is `ada@xn--bcher-kva.example`.
#[must_use]
pub fn email_key(address: &str) -> String {
    let lower = address.trim().to_lowercase();
    let Some((local, domain)) = lower.rsplit_once('@') else {
        return nfc(&lower).into_owned();
    };
    let domain = match idna::domain_to_ascii_cow(domain.as_bytes(), AsciiDenyList::EMPTY) {
        Ok(ascii) => ascii,
        Err(_) => nfc(domain),
    };
    format!("{}@{domain}", nfc(local))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_world_are_addresses() {
        for address in [
            "ada@example.com",
            "Ada.Lovelace+shop@Example.COM",
            "a@b",
            "ada@bücher.example",
            "ada@xn--bcher-kva.example",
            "søren@example.dk",
            "用户@例子.广告",
            "उपयोगकर्ता@उदाहरण.कॉम",
            "θσερ@εχαμπλε.ψομ",
            "a'b`{|}~!#$%&*/=?^_-@x-y.example",
        ] {
            assert!(is_address(address), "{address}");
        }
    }

    #[test]
    fn what_is_no_address_is_none() {
        for text in [
            "ada",
            "@example.com",
            "ada@",
            "ada@example..com",
            "ada@.com",
            "ada@-example.com",
            "ada@exa mple.com",
            "ada lovelace@example.com",
            "ada\u{A0}l@example.com",
            "ad\u{202E}a@example.com",
            "ad\u{200B}a@example.com",
            "ada@bü\u{202E}cher.example",
            "ada@bücher_.example",
            "ada@bü@cher.example",
            "<ada@example.com>",
            "ada@xn--.ü",
        ] {
            assert!(!is_address(text), "{text:?}");
        }
        assert!(!is_address(&format!("ada@{}.example", "ü".repeat(64))));
        assert!(!is_address(&format!("ada@{}example", "ü.".repeat(64))));
    }

    #[test]
    fn one_address_has_one_key_however_it_is_written() {
        for (written, key) in [
            (" Ada@Example.COM ", "ada@example.com"),
            ("ada@BÜCHER.example", "ada@xn--bcher-kva.example"),
            ("ada@bu\u{308}cher.example", "ada@xn--bcher-kva.example"),
            ("ada@XN--bcher-KVA.example", "ada@xn--bcher-kva.example"),
            ("SØREN@example.dk", "søren@example.dk"),
            ("A\u{30A}sa@example.se", "åsa@example.se"),
            ("ada@xn--\u{fffd}", "ada@xn--\u{fffd}"),
            ("Nobody", "nobody"),
        ] {
            assert_eq!(email_key(written), key, "{written:?}");
        }
    }
}

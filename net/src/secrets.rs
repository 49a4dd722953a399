//! What looks like a secret in what strangers send, wherever it stands, for what processes write
//! themselves; the Collector's redaction (ops/collector/base.yaml) has more to look through.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};

const MASK: &str = "***";
/// From which length on a word may be an opaque token: 32 bytes in base64url.
const OPAQUE: usize = 43;

static LOOKS: LazyLock<Regex> = LazyLock::new(|| {
    let looks = [
        // JSON Web Tokens
        r"eyJ[\w-]{6,}\.[\w-]*(?:\.[\w-]*)?",
        // Keys of Stripe and of AWS
        r"\b(?:[srp]k_(?:live|test)|whsec)_\w{8,}|\bA(?:KI|SI)A[A-Z0-9]{16}\b",
        // user:password@ in a URL
        r"://[\w.~%!$&'()*+,;=-]*:[\w.~%!$&'()*+,;=:-]+@",
        // E-mail addresses
        r"[\w.%+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+",
        // Numbers of payment cards: Visa, Mastercard, Discover, American Express
        r"\b(?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|6011|65\d{2})(?:(?:[ +-]|%20)?\d{4}){3}\b",
        r"\b3[47]\d{2}(?:[ +-]|%20)?\d{6}(?:[ +-]|%20)?\d{5}\b",
        // Opaque tokens, among other long words
        r"[\w-]{43,}",
    ];
    // Other letters than ASCII's are escaped in most of what is sent, and would make it slow.
    let expression = RegexBuilder::new(&looks.join("|")).unicode(false).build();
    expression.expect("it is an expression")
});

/// The text without what looks like a token, a key, an e-mail address, or the number of a payment card.
/// A password looks like any word.
#[must_use]
pub fn masked(text: &str) -> Cow<'_, str> {
    let (mut told, mut end) = (String::new(), 0);
    let found = LOOKS.find_iter(text).filter(|it| !is_plain(it.as_str()));
    for secret in found {
        told.extend([&text[end..secret.start()], MASK]);
        end = secret.end();
    }
    if end == 0 {
        return Cow::Borrowed(text);
    }
    told.push_str(&text[end..]);
    Cow::Owned(told)
}

/// Long, but of letters of one case or without digits: these are words; or hexadecimal digits, and those
/// are a hash.
fn is_plain(text: &str) -> bool {
    let has = |of: fn(&u8) -> bool| text.as_bytes().iter().any(of);
    let is_mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    let is_one_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    text.len() >= OPAQUE && text.bytes().all(is_one_word) && !(is_mixed && has(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_what_looks_like_them_is_not() {
        let opaque = "AZzv3kVYd0-SqNh1yCv3pQAAAAAAAAABx2m9o7Zc4Lw8sT5rEuJ6bHfGdKaPiXn_vQeWyRtUoI";
        let token = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
        for (text, expected) in [
            (format!("/v1/orders/{token}"), "/v1/orders/***"),
            (format!("/v1/sessions/{opaque}/x"), "/v1/sessions/***/x"),
            (format!("/v1/tickets/{}", &opaque[..43]), "/v1/tickets/***"),
            ("/v1/users/ada@example.com".into(), "/v1/users/***"),
            ("q=ada%40example.com&a=1".into(), "q=***&a=1"),
            ("/pay/4242424242424242".into(), "/pay/***"),
            ("/pay/4242%204242%204242%204242".into(), "/pay/***"),
            ("/pay/3782-822463-10005".into(), "/pay/***"),
            ("/whsec_abcdefgh1234".into(), "/***"),
            ("https://ada:secret@a.example/".into(), "https***a.example/"),
        ] {
            assert_eq!(masked(&text), expected);
        }
        let hash = "0af7651916cd43dd8448eb211c80319c".repeat(2);
        for text in [
            "/v1/orders/0197a1f0-9d2e-7c3a-8f51-2b6c4d8e9f01:watch".to_owned(),
            "/v1/products?pageSize=3&filter=a@b".to_owned(),
            "/tradewind.orders.v1.OrdersService/GetOrder".to_owned(),
            "/1700000000000000".to_owned(),
            format!("/files/{hash}"),
            "/a-".repeat(40),
        ] {
            assert_eq!(masked(&text), text);
        }
    }
}

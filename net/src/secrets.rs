//! What looks like a secret in what strangers send, wherever it stands, for what processes write
//! themselves. The Collector's redaction (ops/collector/base.yaml) takes the same for secrets, and more.

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
        // Keys of Stripe and of AWS, and our own personal access tokens
        r"\b(?:[srp]k_(?:live|test)|whsec|twp)_\w{8,}|\bA(?:KI|SI)A[A-Z0-9]{16}\b",
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
    use regex::RegexSet;

    use super::*;

    const TOKEN: &str =
        "AZzv3kVYd0-SqNh1yCv3pQAAAAAAAAABx2m9o7Zc4Lw8sT5rEuJ6bHfGdKaPiXn_vQeWyRtUoI";
    /// With what is left of them.
    const SECRETS: [(&str, &str); 9] = [
        (
            "/v1/orders/eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
            "/v1/orders/***",
        ),
        ("/v1/users/ada@example.com", "/v1/users/***"),
        ("q=ada%40example.com&a=1", "q=***&a=1"),
        ("/pay/4242424242424242", "/pay/***"),
        ("/pay/4242%204242%204242%204242", "/pay/***"),
        ("/pay/3782-822463-10005", "/pay/***"),
        ("/whsec_abcdefgh1234", "/***"),
        ("/twp_4uPqXc7Lm2vN8sK1", "/***"),
        ("https://ada:secret@a.example/", "https***a.example/"),
    ];
    const HARMLESS: [&str; 6] = [
        "/v1/orders/0197a1f0-9d2e-7c3a-8f51-2b6c4d8e9f01:watch",
        "/v1/products?pageSize=3&filter=a@b",
        "/tradewind.orders.v1.OrdersService/GetOrder",
        "/1700000000000000",
        "/files/0af7651916cd43dd8448eb211c80319c0af7651916cd43dd8448eb211c80319c",
        "/a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a",
    ];

    #[test]
    fn secrets_are_masked_and_what_looks_like_them_is_not() {
        for (text, expected) in SECRETS {
            assert_eq!(masked(text), expected);
        }
        for token in [TOKEN, &TOKEN[..43]] {
            assert_eq!(
                masked(&format!("/v1/tickets/{token}/x")),
                "/v1/tickets/***/x"
            );
        }
        for text in HARMLESS {
            assert_eq!(masked(text), text);
        }
    }

    /// But for opaque tokens: what the Collector is written in has no words for them.
    #[test]
    fn the_collector_takes_the_same_for_secrets() {
        let file = include_str!("../../ops/collector/base.yaml");
        let config: serde_json::Value = serde_saphyr::from_str(file).expect("it is YAML");
        let looks = config["processors"]["redaction"]["blocked_values"].as_array();
        let looks = looks.expect("they are listed").iter();
        let looks = looks.map(|look| look.as_str().expect("an expression").replace("$$", "$"));
        let looks = RegexSet::new(looks).expect("they are expressions");
        for (text, _) in SECRETS {
            assert!(looks.is_match(text), "{text}");
        }
        for text in HARMLESS {
            assert!(!looks.is_match(text), "{text}");
        }
    }
}

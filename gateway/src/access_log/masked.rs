//! What clients send, without what would be as good as their password, and of bounded length.

use http::HeaderValue;
use http::uri::PathAndQuery;
use net::secrets;

/// Parameters that hold credentials (RFC 6750, section 2.3; tickets).
const SECRET: [&str; 9] = [
    "access_token",
    "api_key",
    "client_secret",
    "id_token",
    "password",
    "refresh_token",
    "secret",
    "ticket",
    "token",
];
/// Longer texts are cut.
const LONGEST: usize = 2048;
const CUT: &str = "...";

/// A path with its query. `own` is a further parameter that holds credentials.
pub(super) fn target(target: Option<&PathAndQuery>, own: Option<&str>) -> String {
    let Some(target) = target else {
        return "*".to_owned();
    };
    let path = target.path();
    match target.query() {
        None => told(path),
        Some(query) => told(&format!("{path}?{}", masked(query, own))),
    }
}

/// The page that led here.
pub(super) fn referer(referer: &HeaderValue, own: Option<&str>) -> String {
    let text = String::from_utf8_lossy(referer.as_bytes());
    match text.split_once('?') {
        None => told(&text),
        Some((page, query)) => told(&format!("{page}?{}", masked(query, own))),
    }
}

/// Any other header.
pub(super) fn header(value: &HeaderValue) -> String {
    told(&String::from_utf8_lossy(value.as_bytes()))
}

fn masked(query: &str, own: Option<&str>) -> String {
    // A call of Connect has its request in there.
    let is_call = query.split('&').any(|pair| pair.starts_with("encoding="));
    let is_secret = |pair: &str| {
        let named = form_urlencoded::parse(pair.as_bytes()).next();
        named.is_some_and(|(name, _)| {
            let name = name.to_ascii_lowercase();
            SECRET.contains(&name.as_str())
                || own.is_some_and(|own| own == name)
                || is_call && name == "message"
        })
    };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_secret(pair) => format!("{name}=***"),
        _ => pair.to_owned(),
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// Without what looks like a secret, whatever it is called.
fn told(text: &str) -> String {
    let mut text = secrets::masked(text).into_owned();
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push_str(CUT);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_queries_are_masked_however_they_are_written() {
        for (query, expected) in [
            ("a=1&ticket=secret&b=2", "a=1&ticket=***&b=2"),
            ("%74icket=secret", "%74icket=***"),
            ("Access_Token=secret", "Access_Token=***"),
            ("own=secret", "own=***"),
            ("client_secret=x&secret=y", "client_secret=***&secret=***"),
            ("tickets=3&ticket", "tickets=3&ticket"),
            ("encoding=json&message={}", "encoding=json&message=***"),
            ("message=hello", "message=hello"),
            ("ticket=a=b", "ticket=***"),
            ("", ""),
        ] {
            assert_eq!(masked(query, Some("own")), expected);
        }
        let page = HeaderValue::from_static("https://shop.example/a?token=secret");
        assert_eq!(referer(&page, None), "https://shop.example/a?token=***");
        let mail = PathAndQuery::from_static("/v1/users:search?query=ada%40example.com");
        assert_eq!(target(Some(&mail), None), "/v1/users:search?query=***");
    }

    #[test]
    fn long_texts_are_cut() {
        let path = PathAndQuery::try_from(format!("/{}", "é".repeat(5000))).unwrap();
        let told = target(Some(&path), None);
        assert!(told.len() <= LONGEST + CUT.len() && told.ends_with(CUT));
        // What is masked is not cut open.
        let query = format!("/?ticket={}&a=1", "s".repeat(5000))
            .parse()
            .unwrap();
        assert_eq!(target(Some(&query), None), "/?ticket=***&a=1");
    }
}

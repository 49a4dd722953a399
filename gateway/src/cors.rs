//! Cross-origin requests, by an allow-list of origins (Fetch standard, CORS protocol).

use std::str::FromStr;
use std::sync::LazyLock;

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HOST, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use crate::metadata::Rule;
use crate::protocol::declared::{self, Declared};
use crate::reply::{self, Body};

const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
/// Of requests and replies of any protocol; each declares what it has beyond them.
const REQUEST_HEADERS: [&str; 11] = [
    "authorization",
    "content-type",
    "content-encoding",
    "accept",
    "accept-language",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "traceparent",
    "tracestate",
    "x-request-id",
];
const REPLY_HEADERS: [&str; 7] = [
    "etag",
    "x-request-id",
    "retry-after",
    "ratelimit",
    "ratelimit-policy",
    "www-authenticate",
    "deprecation",
];
static ALLOWED: LazyLock<Names> =
    LazyLock::new(|| Names::of(&REQUEST_HEADERS, |protocol| protocol.request_headers));
static EXPOSED: LazyLock<Names> =
    LazyLock::new(|| Names::of(&REPLY_HEADERS, |protocol| protocol.reply_headers));
/// Two hours: as long as browsers keep a preflight's answer at most.
const MAX_AGE: &str = "7200";

/// An origin that may call, as browsers write it: scheme, host and port, without a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(HeaderValue);

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no origin such as https://shop.example.com");
        let after_scheme = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"));
        let is_origin = text == "*"
            || after_scheme.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#']));
        if !is_origin {
            return Err(wrong());
        }
        HeaderValue::from_str(&text.to_ascii_lowercase())
            .map(Self)
            .map_err(|_| wrong())
    }
}

/// The answer to a preflight, if the request is one. Headers that the rules of requests take may be
/// sent too.
pub(crate) fn preflight(
    method: &Method,
    headers: &HeaderMap,
    rules: &[Rule],
) -> Option<Response<Body>> {
    let is_preflight = method == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    is_preflight.then(|| {
        let asked = headers.get_all(ACCESS_CONTROL_REQUEST_HEADERS).into_iter();
        let asked = asked.filter_map(|names| names.to_str().ok());
        let asked = asked.flat_map(|names| names.split(','));
        let asked = asked.map(|name| name.trim().to_ascii_lowercase());
        let taken = asked.filter(|name| rules.iter().any(|rule| rule.takes(name)));
        let allowed = ALLOWED.with(taken);
        let mut response = Response::new(reply::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static(METHODS),
        );
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed);
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
        response
    })
}

/// A list of names.
struct Names {
    text: String,
    value: HeaderValue,
}

impl Names {
    /// Those of any protocol, and those of each.
    fn of(common: &[&str], of_one: impl Fn(&Declared) -> &'static [&'static str]) -> Self {
        let mut names = common.to_vec();
        names.extend(declared::ALL.iter().flat_map(|protocol| of_one(protocol)));
        let text = names.join(", ");
        let value = HeaderValue::try_from(&text).expect("names are ASCII");
        Self { text, value }
    }

    /// With more of them.
    fn with(&self, more: impl Iterator<Item = String>) -> HeaderValue {
        let all = more.fold(self.text.clone(), |all, name| all + ", " + &name);
        HeaderValue::try_from(all).unwrap_or_else(|_| self.value.clone())
    }
}

/// Marks the reply as readable for the origin, if it is on the list, also the headers that the rules
/// of replies have made. Credentials are never allowed: the API knows tokens, not cookies.
pub(crate) fn allow(
    origins: &[Origin],
    origin: Option<&HeaderValue>,
    rules: &[Rule],
    headers: &mut HeaderMap,
) {
    if origins.is_empty() {
        return;
    }
    headers.append(VARY, HeaderValue::from_static("origin"));
    let Some(origin) = origin else { return };
    let any = origins.iter().any(|allowed| allowed.0 == "*");
    if any || origins.iter().any(|allowed| allowed.0 == origin) {
        let exposed = match rules.is_empty() {
            true => EXPOSED.value.clone(),
            false => {
                let names = headers.keys().map(|name| name.as_str());
                let made = names.filter(|name| rules.iter().any(|rule| rule.makes(name)));
                EXPOSED.with(made.map(str::to_owned))
            }
        };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
}

/// Whether a page may open a WebSocket, which browsers let any page try: one of the same origin, or of
/// the list. What is no browser names no origin (RFC 6455, section 10.2).
pub(crate) fn may_connect(origins: &[Origin], headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else {
        return true;
    };
    let host = headers.get(HOST).map(HeaderValue::as_bytes);
    let is_same = origin.to_str().is_ok_and(|origin| {
        let named = origin.split_once("://").map(|(_, named)| named.as_bytes());
        named
            .zip(host)
            .is_some_and(|(named, host)| named.eq_ignore_ascii_case(host))
    });
    is_same
        || origins
            .iter()
            .any(|allowed| allowed.0 == "*" || allowed.0 == origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_no_path() {
        assert!("https://shop.example.com".parse::<Origin>().is_ok());
        assert!("http://localhost:5173".parse::<Origin>().is_ok());
        assert!("*".parse::<Origin>().is_ok());
        assert!("https://shop.example.com/".parse::<Origin>().is_err());
        assert!("shop.example.com".parse::<Origin>().is_err());
    }

    #[test]
    fn an_origin_that_is_not_listed_gets_nothing() {
        let origins = ["https://shop.example.com".parse().unwrap()];
        let mut headers = HeaderMap::new();
        allow(
            &origins,
            Some(&HeaderValue::from_static("https://evil.example")),
            &[],
            &mut headers,
        );
        assert!(!headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
        assert_eq!(headers[VARY], "origin");
        allow(
            &origins,
            Some(&HeaderValue::from_static("https://shop.example.com")),
            &[],
            &mut headers,
        );
        assert_eq!(
            headers[ACCESS_CONTROL_ALLOW_ORIGIN],
            "https://shop.example.com"
        );
    }
}

//! Which headers become metadata and which metadata becomes headers, beyond what always does.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use http::{HeaderName, HeaderValue};

use super::returned;

/// What no rule reaches in either direction, besides what is reserved: identity, cookies, the hop, what
/// frames the message, and what goes along by itself.
const NEVER: [&str; 17] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "baggage",
    "idempotency-key",
    "traceparent",
    "tracestate",
    "user-agent",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "proxy-connection",
    "proxy-authorization",
    "x-client-address",
    "x-client-user-agent",
];
const NEVER_PREFIXES: [&str; 4] = ["sec-", "x-envoy-", "x-forwarded-", "x-workload-"];

/// One rule: `name`, `prefix-*`, and either with `=` and what it becomes (`x-tenant=tenant`,
/// `x-app-*=app-*`, `grpc-metadata-*=*`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    from: Pattern,
    to: Pattern,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    Name(String),
    Prefix(String),
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (from, to) = text.split_once('=').unwrap_or((text, text));
        let (from, to) = (Pattern::from_str(from)?, Pattern::from_str(to)?);
        match (&from, &to) {
            (Pattern::Name(from), Pattern::Name(to)) => {
                if let Some(name) = [from, to].into_iter().find(|name| is_reserved(name)) {
                    return Err(format!("{text:?}: {name} is not for rules"));
                }
                if is_binary(from) != is_binary(to) {
                    return Err(format!("{text:?}: both names end in -bin, or neither"));
                }
            }
            (Pattern::Prefix(_), Pattern::Prefix(_)) => {}
            _ => return Err(format!("{text:?}: both sides end in *, or neither")),
        }
        Ok(Self { from, to })
    }
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim().to_ascii_lowercase();
        let (name, is_prefix) = match text.strip_suffix('*') {
            Some(prefix) => (prefix, true),
            None => (text.as_str(), false),
        };
        let is_name = HeaderName::try_from(name).is_ok() || (is_prefix && name.is_empty());
        match (is_name, is_prefix) {
            (false, _) => Err(format!("{text:?} is no name of a header, nor prefix-*")),
            (true, true) => Ok(Self::Prefix(name.to_owned())),
            (true, false) => Ok(Self::Name(name.to_owned())),
        }
    }
}

impl Rule {
    /// What the header is called on the other side, if it gets there.
    pub(super) fn becomes(&self, name: &str) -> Option<HeaderName> {
        let to = match (&self.from, &self.to) {
            (Pattern::Name(from), Pattern::Name(to)) if from == name => to.clone(),
            (Pattern::Prefix(from), Pattern::Prefix(to)) => {
                format!("{to}{}", name.strip_prefix(from.as_str())?)
            }
            _ => return None,
        };
        if is_reserved(name) || is_reserved(&to) {
            return None;
        }
        HeaderName::try_from(to).ok()
    }

    /// Whether it passes a header of this name on.
    pub(crate) fn takes(&self, name: &str) -> bool {
        self.becomes(name).is_some()
    }

    /// Whether it says that headers become this one, rather than all of a prefix.
    pub(crate) fn names(&self, name: &str) -> bool {
        matches!(&self.to, Pattern::Name(to) if to == name)
    }

    /// Whether a header of this name may come of it.
    pub(crate) fn makes(&self, name: &str) -> bool {
        let fits = match &self.to {
            Pattern::Name(to) => to == name,
            Pattern::Prefix(to) => name.starts_with(to.as_str()),
        };
        fits && !is_reserved(name)
    }
}

/// Whether it can be a value of that name, as metadata and as a header: those of names in `-bin` are
/// base64.
pub(super) fn is_fit(name: &str, value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    match is_binary(name) {
        true => STANDARD.decode(bytes).is_ok() || STANDARD_NO_PAD.decode(bytes).is_ok(),
        // What gRPC calls an ASCII-Value.
        false => bytes.iter().all(|byte| matches!(byte, b' '..=b'~')),
    }
}

fn is_binary(name: &str) -> bool {
    name.ends_with("-bin")
}

/// Whether it has a meaning of its own, so that it is neither for rules nor for what callers are known by.
pub(crate) fn is_reserved(name: &str) -> bool {
    let begins = |prefix: &&str| name.starts_with(prefix);
    returned::is_reserved(name) || NEVER.contains(&name) || NEVER_PREFIXES.iter().any(begins)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;
    use crate::metadata::Passing;

    fn passed(rules: &[&str], headers: &[(&'static str, &'static str)]) -> Vec<(String, String)> {
        let rules: Vec<Rule> = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        let mut from = HeaderMap::new();
        for (name, value) in headers {
            from.append(*name, HeaderValue::from_static(value));
        }
        let mut to = HeaderMap::new();
        Passing::Listed.reply(&rules, &from, &mut to);
        let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
        to.iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn names_and_prefixes_are_passed_on_and_renamed() {
        let headers = [("x-tenant", "a"), ("x-app-one", "1"), ("x-other", "2")];
        assert_eq!(passed(&[], &headers), pairs(&[]));
        assert_eq!(
            passed(&["X-Tenant=tenant"], &headers),
            pairs(&[("tenant", "a")])
        );
        assert_eq!(
            passed(&["x-app-*=app-*"], &headers),
            pairs(&[("app-one", "1")])
        );
        assert_eq!(passed(&["x-app-*=*"], &headers), pairs(&[("one", "1")]));
    }

    #[test]
    fn no_pattern_reaches_what_is_reserved() {
        let headers = [
            ("authorization", "x"),
            ("cookie", "x"),
            ("content-length", "1"),
            ("grpc-timeout", "1S"),
            ("transfer-encoding", "chunked"),
            ("x-workload-authorization", "x"),
            ("x-client-address", "1.2.3.4"),
            ("my-cookie", "x"),
            ("my-grpc-status", "0"),
            ("x-fine", "1"),
        ];
        let all = [("my-cookie", "x"), ("my-grpc-status", "0"), ("x-fine", "1")];
        assert_eq!(passed(&["*"], &headers), pairs(&all));
        assert_eq!(passed(&["my-*=*"], &headers), pairs(&[]));
        for wrong in [
            "cookie",
            "x=authorization",
            "a-*=b",
            "a b",
            "",
            "a=b-bin",
            "host",
        ] {
            assert!(wrong.parse::<Rule>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn binary_values_are_base64() {
        let headers = [("key-bin", "AAE="), ("bad-bin", "~"), ("short-bin", "AAE")];
        let fit = [("key-bin", "AAE="), ("short-bin", "AAE")];
        assert_eq!(passed(&["*"], &headers), pairs(&fit));
    }
}

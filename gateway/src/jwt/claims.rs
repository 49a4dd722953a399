//! What tokens say, and what upstreams learn of it.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

use crate::metadata;

/// What a token says.
pub(super) type Claims = Map<String, Value>;

/// A claim, and the metadata that it becomes: `sub=x-user`, `realm_access.roles=x-roles`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRule {
    claim: String,
    name: HeaderName,
}

impl FromStr for ClaimRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Names of claims may be URLs; names of metadata have no `=`.
        let both = text.rsplit_once('=').filter(|(claim, _)| !claim.is_empty());
        let (claim, name) =
            both.ok_or_else(|| format!("{text:?}: expected CLAIM=METADATA, such as sub=x-user"))?;
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        let name = HeaderName::try_from(name)
            .ok()
            .filter(|name| name.as_str().bytes().all(fits));
        let name = name.ok_or_else(|| format!("{text:?}: there is no such name of metadata"))?;
        if metadata::is_reserved(name.as_str()) {
            return Err(format!("{text:?}: {name} is not for claims"));
        }
        let claim = claim.to_owned();
        Ok(Self { claim, name })
    }
}

impl ClaimRule {
    /// The name of the metadata.
    pub fn name(&self) -> &HeaderName {
        &self.name
    }

    /// What the claims become. `Err` is the name of a claim whose value cannot be told.
    pub(super) fn metadata<'a>(rules: &'a [Self], claims: &Claims) -> Result<HeaderMap, &'a str> {
        let mut metadata = HeaderMap::new();
        for Self { claim, name } in rules {
            if let Some(text) = find(claims, claim).and_then(text)
                && !metadata.contains_key(name)
            {
                metadata.insert(name, value(name, &text).ok_or(claim.as_str())?);
            }
        }
        Ok(metadata)
    }
}

/// The value of a claim, by its whole name or else by the way to it.
pub(super) fn find<'a>(claims: &'a Claims, name: &str) -> Option<&'a Value> {
    claims.get(name).or_else(|| {
        let mut dots = name.match_indices('.');
        dots.find_map(|(dot, _)| find(claims.get(&name[..dot])?.as_object()?, &name[dot + 1..]))
    })
}

/// Names in a list, or in a text with spaces between, as `scope` has them (RFC 8693, section 4.2).
pub(super) fn names(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => text.split_ascii_whitespace().map(str::to_owned).collect(),
        Value::Array(all) => all
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}

/// A claim as text; `None` of what says nothing. A list is joined where its elements can be told apart
/// again, or else JSON, as objects are.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Array(all) if all.is_empty() => None,
        Value::Array(all) => {
            let plain: Option<Vec<_>> = all.iter().map(plain).collect();
            let is_clear = |all: &Vec<String>| !all.iter().any(|one| one.contains(','));
            let joined = plain.filter(is_clear).map(|all| all.join(","));
            Some(joined.unwrap_or_else(|| value.to_string()))
        }
        Value::Object(_) => Some(value.to_string()),
        value => plain(value),
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// A text as metadata: what gRPC calls an ASCII-Value, at whose ends spaces are lost, or base64 of any.
fn value(name: &HeaderName, text: &str) -> Option<HeaderValue> {
    if name.as_str().ends_with("-bin") {
        return HeaderValue::try_from(STANDARD_NO_PAD.encode(text)).ok();
    }
    let is_fit = text.bytes().all(|byte| matches!(byte, b' '..=b'~')) && text.trim() == text;
    HeaderValue::try_from(text).ok().filter(|_| is_fit)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(rules: &[&str], claims: &Value) -> Result<Vec<(String, String)>, String> {
        let rules: Vec<ClaimRule> = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        let metadata = ClaimRule::metadata(&rules, claims.as_object().unwrap())?;
        let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
        Ok(metadata
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect())
    }

    fn one(rule: &str, claims: &Value) -> Option<String> {
        told(&[rule], claims).unwrap().pop().map(|(_, value)| value)
    }

    #[test]
    fn claims_become_text_that_can_be_read_back() {
        let claims = json!({
            "sub": "ada", "n": 7, "yes": true, "nothing": null, "none": [], "empty": "",
            "list": ["a", 1, false], "commas": ["a,b", "c"], "deep": [["a"]],
            "realm_access": {"roles": ["user", "admin"], "x.y": 1},
            "https://example.com/roles": ["url"], "a.b": "whole", "a": {"b": "way"},
        });
        for (claim, expected) in [
            ("sub", Some("ada")),
            ("n", Some("7")),
            ("yes", Some("true")),
            ("nothing", None),
            ("none", None),
            ("absent", None),
            ("sub.x", None),
            ("empty", Some("")),
            ("list", Some("a,1,false")),
            ("commas", Some(r#"["a,b","c"]"#)),
            ("deep", Some(r#"[["a"]]"#)),
            ("realm_access.roles", Some("user,admin")),
            ("realm_access.x.y", Some("1")),
            (
                "realm_access",
                Some(r#"{"roles":["user","admin"],"x.y":1}"#),
            ),
            ("https://example.com/roles", Some("url")),
            ("a.b", Some("whole")),
        ] {
            assert_eq!(
                one(&format!("{claim}=x-it"), &claims).as_deref(),
                expected,
                "{claim}"
            );
        }
    }

    #[test]
    fn what_is_no_text_of_metadata_is_told_in_binary_or_not_at_all() {
        for name in ["Zoë", "a\nx-admin: 1", " a", "a\u{0}"] {
            let claims = json!({"name": name});
            assert_eq!(told(&["name=x-name"], &claims), Err("name".to_owned()));
            let told = one("name=x-name-bin", &claims).unwrap();
            assert_eq!(STANDARD_NO_PAD.decode(told).unwrap(), name.as_bytes());
        }
    }

    #[test]
    fn the_first_claim_of_a_name_that_is_there_is_told() {
        let rules = ["scope=x-scope", "scp=x-scope"];
        let told = |claims| told(&rules, &claims).unwrap();
        let expected = |value: &str| vec![("x-scope".to_owned(), value.to_owned())];
        assert_eq!(told(json!({"scp": "b"})), expected("b"));
        assert_eq!(told(json!({"scp": "b", "scope": "a"})), expected("a"));
    }

    #[test]
    fn rules_name_what_may_be_named() {
        let rule: ClaimRule = "https://a.example/?b=c=X-User".parse().unwrap();
        assert_eq!(
            (rule.claim.as_str(), rule.name.as_str()),
            ("https://a.example/?b=c", "x-user")
        );
        for wrong in [
            "sub",
            "=x-user",
            "sub=",
            "sub=a b",
            "sub=authorization",
            "sub=grpc-status",
            "sub=x-forwarded-for",
            "sub=x-client-address",
            "sub=cookie",
            "sub=host",
            "sub=te",
            "sub=content-type",
            "sub=x-request-id",
            "sub=idempotency-key",
            "sub=x!",
        ] {
            assert!(wrong.parse::<ClaimRule>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_are_a_list_or_a_text() {
        assert_eq!(names(&json!("read  write")), ["read", "write"]);
        assert_eq!(names(&json!(["a b", 1, "c"])), ["a b", "c"]);
        assert!(names(&json!({"a": 1})).is_empty());
    }
}

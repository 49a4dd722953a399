//! What a trusted issuer's access token says (RFC 9068, section 2.2), and whether it is said to us, now.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::assertion::Audience;
use super::id_token::SKEW;

/// OpenID Connect Core 1.0, section 2: a subject has no more characters.
const LONGEST_SUBJECT: usize = 255;
/// What `typ` says of an access token, in small letters: RFC 9068, section 2.1, and what many write.
const TYPES: [&str; 3] = ["at+jwt", "application/at+jwt", "jwt"];

/// The claims of an access token that decide.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ForeignToken {
    /// Who says it.
    pub iss: String,
    /// To whom.
    pub aud: Audience,
    /// When it expires, in seconds of the Unix epoch.
    pub exp: i64,
    /// When it was said.
    #[serde(default)]
    pub iat: Option<i64>,
    /// When it begins to hold.
    #[serde(default)]
    pub nbf: Option<i64>,
}

/// Why an access token does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadForeignToken {
    /// It cannot be read.
    #[error("it has not the claims of an access token")]
    Malformed,
    /// It is a token for something else, as its `typ` says.
    #[error("its typ is none of an access token")]
    Type,
    /// Another issuer says it.
    #[error("it is of another issuer")]
    Issuer,
    /// It is told to somebody else.
    #[error("it is for another audience")]
    Audience,
    /// It names nobody.
    #[error("its subject is missing, empty or too long")]
    Subject,
    /// Its time is still to come.
    #[error("it is of the future")]
    Early,
    /// Its time is over.
    #[error("it has expired")]
    Expired,
}

impl ForeignToken {
    /// Checks everything but the signature and the subject; when it expires.
    ///
    /// # Errors
    /// [`BadForeignToken`].
    pub fn check(
        &self,
        issuer: &str,
        audience: &str,
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, BadForeignToken> {
        if self.iss != issuer {
            return Err(BadForeignToken::Issuer);
        }
        if !self.aud.contains(audience) {
            return Err(BadForeignToken::Audience);
        }
        let latest = now.timestamp().saturating_add(SKEW.as_secs().cast_signed());
        let begin = self.iat.into_iter().chain(self.nbf).max();
        if begin.is_some_and(|begin| begin > latest) {
            return Err(BadForeignToken::Early);
        }
        // To the second: what is given for it does not live longer.
        let expire_time = DateTime::from_timestamp(self.exp, 0);
        let expire_time = expire_time.ok_or(BadForeignToken::Malformed)?;
        match expire_time <= now {
            true => Err(BadForeignToken::Expired),
            false => Ok(expire_time),
        }
    }
}

/// Whether a `typ`, if there is one, may be that of an access token.
///
/// # Errors
/// [`BadForeignToken::Type`].
pub fn expect_type(typ: Option<&str>) -> Result<(), BadForeignToken> {
    let fits = |typ: &str| TYPES.iter().any(|it| typ.eq_ignore_ascii_case(it));
    match typ.is_none_or(fits) {
        true => Ok(()),
        false => Err(BadForeignToken::Type),
    }
}

/// The claim of that name; a name that begins with `/` leads to one inside (RFC 6901).
#[must_use]
pub fn claim<'a>(claims: &'a Value, name: &str) -> Option<&'a Value> {
    match name.starts_with('/') {
        true => claims.pointer(name),
        false => claims.get(name),
    }
}

/// Whom the token is of.
///
/// # Errors
/// [`BadForeignToken::Subject`].
pub fn subject(claims: &Value, name: &str) -> Result<String, BadForeignToken> {
    let subject = claim(claims, name).and_then(Value::as_str);
    let subject = subject.filter(|it| !it.is_empty() && it.len() <= LONGEST_SUBJECT);
    subject.map(str::to_owned).ok_or(BadForeignToken::Subject)
}

/// The words of a claim: of a list, or of one text with spaces between them (RFC 8693, section 4.2).
#[must_use]
pub fn words(claim: Option<&Value>) -> Vec<&str> {
    match claim {
        Some(Value::String(text)) => text.split(' ').collect(),
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn check(change: impl FnOnce(&mut ForeignToken)) -> Result<DateTime<Utc>, BadForeignToken> {
        let mut token = ForeignToken {
            iss: "https://id.example".into(),
            aud: Audience::One("api".into()),
            exp: NOW + 60,
            iat: Some(NOW),
            nbf: None,
        };
        change(&mut token);
        let now = DateTime::from_timestamp(NOW, 0).unwrap();
        token.check("https://id.example", "api", now)
    }

    #[test]
    fn an_access_token_is_of_this_issuer_for_us_and_now() {
        let until = DateTime::from_timestamp(NOW + 60, 0).unwrap();
        assert_eq!(check(|_| {}), Ok(until));
        assert_eq!(check(|it| it.iat = None), Ok(until));
        let many = |it: &mut ForeignToken| {
            it.aud = Audience::Many(vec!["other".into(), "api".into()]);
        };
        assert_eq!(check(many), Ok(until));
        type Change = fn(&mut ForeignToken);
        let all: [(BadForeignToken, Change); 7] = [
            (BadForeignToken::Issuer, |it| {
                it.iss = "https://id.example/".into();
            }),
            (BadForeignToken::Audience, |it| {
                it.aud = Audience::One("shop".into());
            }),
            (BadForeignToken::Audience, |it| {
                it.aud = Audience::Many(Vec::new());
            }),
            (BadForeignToken::Early, |it| it.iat = Some(NOW + 61)),
            (BadForeignToken::Early, |it| it.nbf = Some(NOW + 61)),
            (BadForeignToken::Expired, |it| it.exp = NOW),
            (BadForeignToken::Malformed, |it| it.exp = i64::MAX),
        ];
        for (bad, change) in all {
            assert_eq!(check(change), Err(bad));
        }
    }

    #[test]
    fn what_is_a_token_for_something_else_is_none() {
        for typ in [
            None,
            Some("at+jwt"),
            Some("JWT"),
            Some("application/at+JWT"),
        ] {
            assert_eq!(expect_type(typ), Ok(()), "{typ:?}");
        }
        for typ in ["", "logout+jwt", "id+jwt", "dpop+jwt"] {
            assert_eq!(expect_type(Some(typ)), Err(BadForeignToken::Type), "{typ}");
        }
    }

    #[test]
    fn claims_are_found_by_name_or_by_the_way_to_them() {
        let claims = json!({
            "sub": "ada", "scope": "read write", "a/b": "", "realm": {"roles": ["boss", 1]},
        });
        assert_eq!(subject(&claims, "sub"), Ok("ada".to_owned()));
        for nobody in ["oid", "realm", "a/b", "/realm/roles/0/x"] {
            let refused = subject(&claims, nobody);
            assert_eq!(refused, Err(BadForeignToken::Subject), "{nobody}");
        }
        assert_eq!(words(claim(&claims, "/realm/roles")), ["boss"]);
        assert_eq!(words(claim(&claims, "scope")), ["read", "write"]);
        assert!(words(claim(&claims, "roles")).is_empty());
    }
}

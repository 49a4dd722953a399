//! How a workload proves itself: an assertion signed with its key (RFC 7523, section 3).

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Deserialize;

/// The furthest an assertion's `exp` may be ahead.
pub const LONGEST: Duration = Duration::from_secs(5 * 60);
/// How far clocks may differ.
pub const SKEW: Duration = Duration::from_secs(30);
/// The longest `jti` that is remembered.
const LONGEST_ID: usize = 128;

/// The claims of an assertion.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Claims {
    /// Who made it: the workload's name.
    pub iss: String,
    /// Whom it is about: the same name.
    pub sub: String,
    /// For whom it is.
    pub aud: Audience,
    /// When it expires, in seconds of the Unix epoch.
    pub exp: i64,
    /// When it begins to hold.
    #[serde(default)]
    pub nbf: Option<i64>,
    /// Names it; each is good once.
    pub jti: String,
}

/// One or several audiences (RFC 7519, section 4.1.3).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Audience {
    /// Whether there is no other.
    pub(super) fn is_alone(&self) -> bool {
        match self {
            Self::One(_) => true,
            Self::Many(many) => many.len() == 1,
        }
    }

    pub(super) fn contains(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Many(many) => many.iter().any(|one| one == audience),
        }
    }
}

/// Why an assertion proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAssertion {
    /// It cannot be read, or the signature does not hold.
    #[error("the assertion is no JWT signed with a key of the workload")]
    Signature,
    /// `iss` and `sub` differ.
    #[error("iss and sub of the assertion must be the workload's name")]
    Subject,
    /// It is for somebody else.
    #[error("the assertion is for another audience")]
    Audience,
    /// It is over, or does not hold yet.
    #[error("the assertion has expired or does not hold yet")]
    Expired,
    /// It would hold for too long.
    #[error("the assertion holds for more than five minutes")]
    TooLong,
    /// It has no name, or too long a one.
    #[error("jti of the assertion must have 1 to 128 bytes")]
    Id,
    /// It was used before.
    #[error("the assertion was used before")]
    Used,
}

impl Claims {
    /// Checks everything but the signature and the single use.
    ///
    /// # Errors
    /// [`BadAssertion`].
    pub fn check(&self, audience: &str, now: DateTime<Utc>) -> Result<(), BadAssertion> {
        let now = now.timestamp();
        let skew = SKEW.as_secs().cast_signed();
        if self.iss.is_empty() || self.iss != self.sub {
            return Err(BadAssertion::Subject);
        }
        if !self.aud.contains(audience) {
            return Err(BadAssertion::Audience);
        }
        if self.exp <= now.saturating_sub(skew) || self.nbf.is_some_and(|nbf| nbf > now + skew) {
            return Err(BadAssertion::Expired);
        }
        if self.exp > now + LONGEST.as_secs().cast_signed() + skew {
            return Err(BadAssertion::TooLong);
        }
        if self.jti.is_empty() || self.jti.len() > LONGEST_ID {
            return Err(BadAssertion::Id);
        }
        Ok(())
    }

    /// Until when its `jti` must be remembered.
    #[must_use]
    pub fn remember_until(&self) -> DateTime<Utc> {
        let end = self.exp.saturating_add(SKEW.as_secs().cast_signed());
        DateTime::from_timestamp(end, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn check(change: impl FnOnce(&mut Claims)) -> Result<(), BadAssertion> {
        let mut claims = Claims {
            iss: "svc-orders".into(),
            sub: "svc-orders".into(),
            aud: Audience::One("tradewind".into()),
            exp: NOW + 60,
            nbf: None,
            jti: "1".into(),
        };
        change(&mut claims);
        claims.check("tradewind", DateTime::from_timestamp(NOW, 0).unwrap())
    }

    #[test]
    fn an_assertion_says_who_for_whom_until_when_and_once() {
        assert_eq!(check(|_| {}), Ok(()));
        assert_eq!(
            check(|c| c.aud = Audience::Many(vec!["x".into(), "tradewind".into()])),
            Ok(())
        );
        assert_eq!(
            check(|c| c.sub = "svc-users".into()),
            Err(BadAssertion::Subject)
        );
        assert_eq!(
            check(|c| c.aud = Audience::One("x".into())),
            Err(BadAssertion::Audience)
        );
        assert_eq!(check(|c| c.exp = NOW - 31), Err(BadAssertion::Expired));
        assert_eq!(
            check(|c| c.nbf = Some(NOW + 31)),
            Err(BadAssertion::Expired)
        );
        assert_eq!(check(|c| c.exp = NOW + 331), Err(BadAssertion::TooLong));
        assert_eq!(check(|c| c.jti.clear()), Err(BadAssertion::Id));
    }
}

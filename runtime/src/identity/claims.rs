//! What tokens say.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `typ` of access tokens (RFC 9068, section 2.1).
pub const ACCESS_TYPE: &str = "at+jwt";
/// `typ` of workload tokens: never taken for a user's.
pub const WORKLOAD_TYPE: &str = "wl+jwt";
/// `typ` of the assertions by which workloads ask for their tokens (RFC 7523).
pub const ASSERTION_TYPE: &str = "assertion+jwt";

/// Whose tokens count, and for whom they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Issuer {
    /// `iss` of tokens.
    pub name: Arc<str>,
    /// `aud` of tokens, and of workloads' assertions.
    pub audience: Arc<str>,
}

impl Default for Issuer {
    fn default() -> Issuer {
        Issuer {
            name: "tradewind".into(),
            audience: "tradewind".into(),
        }
    }
}

/// A kind of token. Times are seconds since 1970 (RFC 7519, NumericDate).
pub trait Claims: Serialize + DeserializeOwned {
    /// The `typ` of its header.
    const TYPE: &'static str;

    /// When it stops to hold.
    fn expires(&self) -> i64;
}

/// An access token of a user (RFC 9068).
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct AccessClaims {
    /// Issuer.
    pub iss: String,
    /// Audience.
    pub aud: String,
    /// Id of the account.
    pub sub: Uuid,
    /// Id of the session.
    pub sid: Uuid,
    /// Roles of the account.
    pub roles: Vec<String>,
    /// When it was issued.
    pub iat: i64,
    /// When it expires.
    pub exp: i64,
    /// Id of the token.
    pub jti: Uuid,
    /// Whether it was given for a personal access token: then `sid` is not of a session, and it opens
    /// what is for scripts alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pat: bool,
}

/// A token of a workload.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct WorkloadClaims {
    /// Issuer.
    pub iss: String,
    /// Audience.
    pub aud: String,
    /// Name of the workload.
    pub sub: String,
    /// When it was issued.
    pub iat: i64,
    /// When it expires.
    pub exp: i64,
}

/// A workload's proof of itself (RFC 7523, section 3).
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct AssertionClaims {
    /// Name of the workload.
    pub iss: String,
    /// Name of the workload.
    pub sub: String,
    /// The mesh's audience.
    pub aud: String,
    /// When it was issued.
    pub iat: i64,
    /// When it expires, at most five minutes ahead.
    pub exp: i64,
    /// Unique.
    pub jti: Uuid,
}

impl Claims for AccessClaims {
    const TYPE: &'static str = ACCESS_TYPE;

    fn expires(&self) -> i64 {
        self.exp
    }
}

impl Claims for WorkloadClaims {
    const TYPE: &'static str = WORKLOAD_TYPE;

    fn expires(&self) -> i64 {
        self.exp
    }
}

impl Claims for AssertionClaims {
    const TYPE: &'static str = ASSERTION_TYPE;

    fn expires(&self) -> i64 {
        self.exp
    }
}

//! Issuers whose access tokens are taken beside those of svc-auth.

use runtime::identity::foreign;

/// Issuers whose access tokens are taken beside those of svc-auth.
#[derive(clap::Args, Clone, Debug, Default, PartialEq, Eq)]
#[group(skip)]
pub struct TrustedIssuers {
    /// Issuers whose access tokens are taken beside those of svc-auth, by the `iss` of their tokens,
    /// exactly. svc-auth exchanges them: it has to be told of each, and knows their keys
    /// (TRUSTED_ISSUERS_DIR).
    #[arg(
        long,
        env = "TRUSTED_ISSUERS",
        value_name = "ISSUER",
        value_delimiter = ','
    )]
    pub trusted_issuers: Vec<String>,
}

impl TrustedIssuers {
    /// Whether a token says that it is of one of them; whether it is, svc-auth knows.
    pub(crate) fn are_named_by(&self, token: &str) -> bool {
        // Most have none, and read no token for it.
        !self.trusted_issuers.is_empty()
            && foreign::issuer(token).is_some_and(|named| self.trusted_issuers.contains(&named))
    }
}

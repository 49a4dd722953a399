//! Whose access tokens count beside our own.

use std::path::PathBuf;

use crate::providers::{self, Issuers};

/// Whose access tokens count beside our own.
#[derive(clap::Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedIssuers {
    /// Directory with the issuers whose access tokens are taken beside our own: `<name>.json`, an object
    /// of `issuer`, `jwksUri`, `audience`, `algorithms`, `subjectClaim`, `rolesClaim`, `roles` and
    /// `openAccounts`. The edge has to know of them too (TRUSTED_ISSUERS).
    #[arg(long, env = "TRUSTED_ISSUERS_DIR", value_name = "DIR")]
    pub trusted_issuers_dir: Option<PathBuf>,
    /// Whether trusted issuers on this machine may be reached by plain http: for development.
    #[arg(
        long,
        env = "TRUSTED_ISSUERS_ALLOW_HTTP",
        value_name = "BOOL",
        default_value_t = false,
        action = clap::ArgAction::Set
    )]
    pub trusted_issuers_allow_http: bool,
}

impl TrustedIssuers {
    /// The issuers, none if none are configured.
    ///
    /// # Errors
    /// Every mistake at once.
    pub(crate) fn open(&self) -> Result<Issuers, Vec<String>> {
        let Some(directory) = &self.trusted_issuers_dir else {
            return Ok(Issuers::default());
        };
        let all = providers::read_issuers(directory, self.trusted_issuers_allow_http)?;
        Issuers::new(all).map_err(|why| vec![why])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#""issuer": "https://id.example", "jwksUri": "https://id.example/keys",
        "audience": "api""#;

    fn open(files: &[(&str, String)]) -> Result<Issuers, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let config = TrustedIssuers {
            trusted_issuers_dir: Some(folder.path().to_owned()),
            trusted_issuers_allow_http: false,
        };
        config.open()
    }

    #[test]
    fn an_issuer_is_trusted_by_the_name_that_it_gives_itself() {
        let good = [
            ("example.json", format!("{{{GOOD}}}")),
            ("note.txt", "not read".to_owned()),
        ];
        let issuers = open(&good).unwrap_or_else(|why| panic!("{why:?}"));
        assert!(issuers.trusts("https://id.example") && !issuers.trusts("example"));
        let none = TrustedIssuers::default().open();
        assert!(none.is_ok_and(|none| !none.trusts("https://id.example")));
    }

    #[test]
    fn every_mistake_is_told() {
        let with = |more: &str| format!("{{{GOOD}, {more}}}");
        let http =
            format!("{{{GOOD}}}").replace("https://id.example/keys", "http://id.example/keys");
        let wrong = [
            ("algorithm.json", with(r#""algorithms": ["HS256"]"#)),
            ("claim.json", with(r#""rolesClaim": "groups""#)),
            ("http.json", http),
            ("nobody.json", with(r#""subjectClaim": """#)),
            ("none.json", with(r#""algorithms": []"#)),
            ("roles.json", with(r#""roles": {"boss": "admin"}"#)),
            ("typed.json", with(r#""keys": []"#)),
        ];
        let Err(mistakes) = open(&wrong) else {
            panic!("they are taken")
        };
        assert_eq!(mistakes.len(), wrong.len(), "{mistakes:?}");
        let good = format!("{{{GOOD}}}");
        let twice = open(&[("a.json", good.clone()), ("b.json", good)]);
        assert_eq!(twice.err().unwrap_or_default().len(), 1);
    }
}

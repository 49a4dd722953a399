//! With whom people may sign in.

use std::path::PathBuf;

use crate::providers::{self, Providers};

/// With whom people may sign in.
#[derive(clap::Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentityProviders {
    /// Directory with the identity providers that people may sign in with (OpenID Connect):
    /// `<provider>.json`, an object of `issuer`, `displayName`, `clientId`, `clientSecret` or
    /// `clientSecretFile`, and `scopes`.
    #[arg(
        long,
        env = "IDENTITY_PROVIDERS_DIR",
        value_name = "DIR",
        requires = "identity_providers_redirect_uri"
    )]
    pub identity_providers_dir: Option<PathBuf>,
    /// The page that identity providers send browsers back to, as they are told of it.
    #[arg(long, env = "IDENTITY_PROVIDERS_REDIRECT_URI", value_name = "URL")]
    pub identity_providers_redirect_uri: Option<String>,
    /// Whether identity providers on this machine, and a page there, may be reached by plain http: for
    /// development.
    #[arg(
        long,
        env = "IDENTITY_PROVIDERS_ALLOW_HTTP",
        value_name = "BOOL",
        default_value_t = false,
        action = clap::ArgAction::Set
    )]
    pub identity_providers_allow_http: bool,
}

impl IdentityProviders {
    /// The providers, none if none are configured.
    ///
    /// # Errors
    /// Every mistake at once.
    pub(crate) fn open(&self) -> Result<Providers, Vec<String>> {
        let Some(directory) = &self.identity_providers_dir else {
            return Ok(Providers::default());
        };
        let allow_http = self.identity_providers_allow_http;
        let redirect_uri = self.identity_providers_redirect_uri.as_deref();
        let checked = redirect_uri.map(|uri| providers::web(uri, allow_http));
        let mut mistakes = Vec::new();
        match checked {
            Some(Ok(url)) if url.fragment().is_none() => {}
            Some(Ok(_)) => {
                // RFC 6749, section 3.1.2.
                mistakes.push("IDENTITY_PROVIDERS_REDIRECT_URI must have no fragment".to_owned());
            }
            Some(Err(why)) => mistakes.push(format!("IDENTITY_PROVIDERS_REDIRECT_URI: {why}")),
            None => {
                let rule = "IDENTITY_PROVIDERS_DIR needs IDENTITY_PROVIDERS_REDIRECT_URI beside it";
                mistakes.push(rule.to_owned());
            }
        }
        let all = providers::read(directory, allow_http).unwrap_or_else(|found| {
            mistakes.extend(found);
            Vec::new()
        });
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let redirect_uri = redirect_uri.unwrap_or_default();
        Providers::new(all, redirect_uri, allow_http).map_err(|why| vec![why])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_told_and_no_secret_is_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
        };
        let config = IdentityProviders {
            identity_providers_dir: Some(folder.path().to_owned()),
            identity_providers_redirect_uri: Some("http://shop.example/sign-in".into()),
            identity_providers_allow_http: false,
        };
        let client = r#""displayName": "Example", "clientId": "shop""#;
        let issuer = r#""issuer": "https://id.example""#;
        let secret = r#""clientSecret": "hushhush""#;
        write("Upper.json", "{}");
        write(
            "http.json",
            &format!(r#"{{"issuer": "http://id.example", {client}, {secret}}}"#),
        );
        write("no-secret.json", &format!("{{{issuer}, {client}}}"));
        write(
            "scopes.json",
            &format!(r#"{{{issuer}, {client}, {secret}, "scopes": ["email"]}}"#),
        );
        write(
            "typed.json",
            &format!(r#"{{{issuer}, {client}, "clientSecret": ["hushhush"]}}"#),
        );
        write("note.txt", "not read");
        let Err(mistakes) = config.open() else {
            panic!("it is taken")
        };
        assert_eq!(mistakes.len(), 6, "{mistakes:?}");
        assert!(
            !format!("{mistakes:?}").contains("hushhush"),
            "{mistakes:?}"
        );
    }

    #[test]
    fn a_secret_may_be_in_a_file_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let provider = r#"{"issuer": "https://id.example", "displayName": "Example",
            "clientId": "shop", "clientSecretFile": "secret"}"#;
        std::fs::write(folder.path().join("example.json"), provider).unwrap();
        let read = || providers::read(folder.path(), false);
        assert_eq!(read().map(|all| all.len()).unwrap_err().len(), 1);
        std::fs::write(folder.path().join("secret"), "hushhush\n").unwrap();
        let [read] = read().unwrap().try_into().unwrap();
        assert_eq!(
            secrecy::ExposeSecret::expose_secret(&read.client_secret),
            "hushhush"
        );
        assert_eq!(read.scopes, ["openid", "email", "profile"]);
        assert!(!format!("{read:?}").contains("hushhush"));
    }
}

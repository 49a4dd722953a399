//! Identity providers: whom people may sign in with (OpenID Connect Core 1.0, section 3.1, the
//! authorization code flow).

mod cached;
mod documents;
mod issuers;
mod keys;
mod settings;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use runtime::status::Problem;
use runtime::text::{Kind, nfc};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use self::cached::{ASKED_AGAIN_AFTER, Cached, LIFETIME};
use self::documents::{Description, Documents};
pub(crate) use self::issuers::{Issuers, Refused, Verified, read as read_issuers};
use self::keys::{Keys, header};
pub(crate) use self::settings::{ProviderSettings, read, web};
use crate::domain::browser_token::BrowserToken;
use crate::domain::id_token::{BadIdToken, IdToken, Profile};

/// Characters of a name of ours at most.
const LONGEST_NAME: usize = 100;
/// Characters of an e-mail address at most (RFC 5321, section 4.5.3.1.3).
const LONGEST_EMAIL: usize = 254;

/// The providers, by their names.
#[derive(Clone, Default)]
pub(crate) struct Providers(Arc<BTreeMap<String, Provider>>);

/// One of them.
pub(crate) struct Provider {
    settings: ProviderSettings,
    documents: Documents,
    known: Mutex<Known>,
}

/// What a provider publishes. Whoever looks for it has the lock: the others wait for what comes of it.
#[derive(Default)]
struct Known {
    description: Cached<Description>,
    keys: Cached<Keys>,
}

/// Who somebody is, as a provider has proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    /// The address, if the provider says that it is verified.
    pub(crate) email: Option<String>,
    /// A name that may be shown to others.
    pub(crate) name: Option<String>,
}

/// Why it is not known who somebody is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The provider does not answer, or nothing that makes sense.
    #[error("{0}")]
    Away(String),
    /// It answers, and proves nothing.
    #[error("{0}")]
    Refused(String),
}

impl From<BadIdToken> for Failure {
    fn from(bad: BadIdToken) -> Self {
        Self::Refused(format!("the id token: {bad}"))
    }
}

/// What the code was exchanged for (OpenID Connect Core 1.0, section 3.1.3.3).
#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    access_token: Option<String>,
}

impl Providers {
    /// As they are configured; browsers come back to `redirect_uri`.
    ///
    /// # Errors
    /// Why none can be asked.
    pub(crate) fn new(
        all: Vec<ProviderSettings>,
        redirect_uri: &str,
        allow_http: bool,
    ) -> Result<Self, String> {
        let mut providers = BTreeMap::new();
        for settings in all {
            let documents = Documents::new(&settings, redirect_uri, allow_http)?;
            let provider = Provider {
                documents,
                known: Mutex::default(),
                settings,
            };
            providers.insert(provider.settings.provider.clone(), provider);
        }
        Ok(Self(Arc::new(providers)))
    }

    /// All of them, in the order of their names.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Provider> {
        self.0.values()
    }

    /// The one of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&Provider> {
        self.0.get(name)
    }
}

impl Provider {
    /// Its name in requests.
    pub(crate) fn name(&self) -> &str {
        &self.settings.provider
    }

    /// Its name for people.
    pub(crate) fn display_name(&self) -> &str {
        &self.settings.display_name
    }

    /// What it calls itself.
    pub(crate) fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    /// That it does not answer, for who waits for it.
    pub(crate) fn away(&self) -> Problem {
        Problem::unavailable(format!("the identity provider {}", self.name()))
    }

    /// Where a browser is sent to (OpenID Connect Core 1.0, section 3.1.2.1).
    ///
    /// # Errors
    /// [`Failure::Away`].
    pub(crate) async fn authorization_url(
        &self,
        state: &str,
        browser: &BrowserToken,
    ) -> Result<Url, Failure> {
        let mut url = self.description().await?.authorization_endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", self.documents.redirect_uri())
            .append_pair("scope", &self.settings.scopes.join(" "))
            .append_pair("state", state)
            .append_pair("nonce", &browser.nonce())
            .append_pair("code_challenge", &browser.code_challenge())
            .append_pair("code_challenge_method", "S256");
        Ok(url)
    }

    /// Who has come back with a code. `iss` is what the address said of who sent it, or empty
    /// (RFC 9207).
    ///
    /// # Errors
    /// [`Failure`].
    pub(crate) async fn identify(
        &self,
        code: &str,
        iss: &str,
        browser: &BrowserToken,
        now: DateTime<Utc>,
    ) -> Result<Identity, Failure> {
        let description = self.description().await?;
        let is_told = !iss.is_empty() || description.authorization_response_iss_parameter_supported;
        if is_told && iss != self.issuer() {
            let why = "the address that the browser came back to names another issuer";
            return Err(Failure::Refused(why.to_owned()));
        }
        let verifier = browser.code_verifier();
        let tokens = self.documents.exchange(&description, code, &verifier);
        let Tokens {
            id_token,
            access_token,
        } = tokens.await?;
        let claims = self.verified(&id_token).await?;
        let token: IdToken =
            serde_json::from_value(claims.clone()).map_err(|_| BadIdToken::Malformed)?;
        let client_id = &self.settings.client_id;
        token.check(self.issuer(), client_id, &browser.nonce(), now)?;
        let mut profile: Profile = serde_json::from_value(claims).unwrap_or_default();
        if profile.email.is_none()
            && let (Some(endpoint), Some(access_token)) =
                (&description.userinfo_endpoint, access_token)
        {
            // OpenID Connect Core 1.0, section 5.4: an id token need not have it.
            let told = self.documents.user_info(endpoint, &access_token).await?;
            // Section 5.3.2: or somebody else's could be put in its place.
            if told.get("sub").and_then(Value::as_str) != Some(token.sub.as_str()) {
                let why = "the UserInfo endpoint tells of somebody else";
                return Err(Failure::Refused(why.to_owned()));
            }
            profile = serde_json::from_value(told).unwrap_or_default();
        }
        Ok(Identity {
            issuer: token.iss,
            subject: token.sub,
            email: address(&profile),
            name: profile.name.as_deref().and_then(name),
        })
    }

    async fn description(&self) -> Result<Arc<Description>, Failure> {
        let mut known = self.known.lock().await;
        let found = known.description.get(LIFETIME, self.documents.describe());
        found.await.map_err(Failure::Away)
    }

    /// The keys, no older than that.
    async fn keys(&self, max_age: Duration) -> Result<Arc<Keys>, Failure> {
        let mut known = self.known.lock().await;
        let description = known.description.get(LIFETIME, self.documents.describe());
        let description = description.await.map_err(Failure::Away)?;
        let read = self.documents.keys(&description.jwks_uri);
        known.keys.get(max_age, read).await.map_err(Failure::Away)
    }

    /// What an id token says, if the provider has signed it.
    async fn verified(&self, token: &str) -> Result<Value, Failure> {
        let header = header(token)?;
        let mut keys = self.keys(LIFETIME).await?;
        if !keys.has(&header) {
            keys = self.keys(ASKED_AGAIN_AFTER).await?;
        }
        Ok(keys.verify(token, &header)?)
    }
}

/// The address that an account may be opened with.
fn address(profile: &Profile) -> Option<String> {
    let email = profile
        .email
        .as_deref()
        .filter(|_| profile.email_verified)?;
    let email = nfc(email.trim());
    let fits = !email.is_empty()
        && email.chars().count() <= LONGEST_EMAIL
        && Kind::Email.wrong(&email).is_none();
    fits.then(|| email.into_owned())
}

/// A name that may be shown to others.
fn name(name: &str) -> Option<String> {
    let name = nfc(name.trim());
    let fits = !name.is_empty()
        && name.chars().count() <= LONGEST_NAME
        && Kind::Line.wrong(&name).is_none();
    fits.then(|| name.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_account_may_not_be_opened_with_is_as_if_it_were_not_told() {
        let told = |email: &str, email_verified| {
            address(&Profile {
                email: Some(email.into()),
                email_verified,
                name: None,
            })
        };
        let ada = Some("ada@example.com".to_owned());
        assert_eq!(told(" ada@example.com", true), ada);
        assert_eq!(told("ada@example.com", false), None);
        for odd in ["", "ada", "ada@", "a b@example.com"] {
            assert_eq!(told(odd, true), None, "{odd}");
        }
        assert_eq!(name(" Ada "), Some("Ada".to_owned()));
        for odd in ["", " ", "a\u{202E}b", "a\nb", &"a".repeat(101)] {
            assert_eq!(name(odd), None, "{odd}");
        }
    }
}

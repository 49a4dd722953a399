//! Issuers whose access tokens count beside our own (RFC 9068, section 4): what they have signed stands for
//! somebody, whose account is found as after signing in with them.

mod settings;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::Client;
use runtime::identity::foreign;
use serde_json::Value;
use tokio::sync::Mutex;

use self::settings::IssuerSettings;
pub(crate) use self::settings::read;
use super::cached::{ASKED_AGAIN_AFTER, Cached, LIFETIME};
use super::documents::{client, good};
use super::keys::{Keys, header};
use super::settings::is_here;
use super::{Identity, address, name};
use crate::domain::foreign_token::{
    BadForeignToken, ForeignToken, claim, expect_type, subject, words,
};
use crate::domain::id_token::{BadIdToken, Profile};

/// What everybody may be.
const USER: &str = "user";

/// The issuers, by what they call themselves.
#[derive(Clone, Default)]
pub(crate) struct Issuers(Arc<BTreeMap<String, Issuer>>);

/// One of them.
struct Issuer {
    settings: IssuerSettings,
    http: Client,
    /// Whoever looks for them has the lock: the others wait for what comes of it.
    keys: Mutex<Cached<Keys>>,
}

/// What a token stands for.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) identity: Identity,
    /// Those that it may have, if the account holds them.
    pub(crate) roles: Vec<String>,
    /// Whether an identity that belongs to no account opens one.
    pub(crate) opens_accounts: bool,
    pub(crate) expire_time: DateTime<Utc>,
}

/// Why a token does not count.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// The issuer of that name does not tell its keys.
    #[error("the issuer {0} does not answer")]
    Away(String),
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// It proves nothing.
    #[error("{0}")]
    Invalid(String),
}

impl From<BadIdToken> for Refused {
    fn from(bad: BadIdToken) -> Self {
        Self::Invalid(bad.to_string())
    }
}

impl From<BadForeignToken> for Refused {
    fn from(bad: BadForeignToken) -> Self {
        match bad {
            BadForeignToken::Expired => Self::Expired,
            bad => Self::Invalid(bad.to_string()),
        }
    }
}

impl Issuers {
    /// As they are configured.
    ///
    /// # Errors
    /// Why none can be asked.
    pub(crate) fn new(all: Vec<IssuerSettings>) -> Result<Self, String> {
        let mut issuers = BTreeMap::new();
        for settings in all {
            let issuer = Issuer {
                http: client(is_here(&settings.jwks_uri))?,
                keys: Mutex::default(),
                settings,
            };
            issuers.insert(issuer.settings.issuer.clone(), issuer);
        }
        Ok(Self(Arc::new(issuers)))
    }

    /// Whether there is one of that name.
    pub(crate) fn trusts(&self, issuer: &str) -> bool {
        self.0.contains_key(issuer)
    }

    /// What a token stands for, if the issuer that it names is one of these and has given it, for us and
    /// now.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) async fn verify(
        &self,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<Verified, Refused> {
        let named = foreign::issuer(token).and_then(|named| self.0.get(&named));
        let unknown = || Refused::Invalid("it is of no issuer that is trusted".to_owned());
        named.ok_or_else(unknown)?.verify(token, now).await
    }
}

impl Issuer {
    async fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Verified, Refused> {
        let settings = &self.settings;
        let claims = self.signed(token).await?;
        let said: ForeignToken =
            serde_json::from_value(claims.clone()).map_err(|_| BadForeignToken::Malformed)?;
        let expire_time = said.check(&settings.issuer, &settings.audience, now)?;
        let subject = subject(&claims, &settings.subject_claim)?;
        let roles = self.roles(&claims);
        let profile: Profile = serde_json::from_value(claims).unwrap_or_default();
        Ok(Verified {
            identity: Identity {
                issuer: said.iss,
                subject,
                email: address(&profile),
                name: profile.name.as_deref().and_then(name),
            },
            roles,
            opens_accounts: settings.open_accounts,
            expire_time,
        })
    }

    /// What a token says, if the issuer has signed it.
    async fn signed(&self, token: &str) -> Result<Value, Refused> {
        let header = header(token)?;
        expect_type(header.typ.as_deref())?;
        if !self.settings.algorithms.contains(&header.alg) {
            return Err(BadIdToken::Algorithm.into());
        }
        let mut keys = self.keys(LIFETIME).await?;
        if !keys.has(&header) {
            keys = self.keys(ASKED_AGAIN_AFTER).await?;
        }
        Ok(keys.verify(token, &header)?)
    }

    /// The keys, no older than that.
    async fn keys(&self, max_age: Duration) -> Result<Arc<Keys>, Refused> {
        let IssuerSettings { name, jwks_uri, .. } = &self.settings;
        let read = async { Keys::read(&good(self.http.get(jwks_uri.clone())).await?) };
        let mut keys = self.keys.lock().await;
        let found = keys.get(max_age, read).await;
        found.map_err(|_| Refused::Away(name.clone()))
    }

    /// What everybody may be, and what the issuer's words mean here.
    fn roles(&self, claims: &Value) -> Vec<String> {
        let settings = &self.settings;
        let told = settings.roles_claim.as_deref();
        let told = words(told.and_then(|name| claim(claims, name)));
        let ours = told.into_iter().filter_map(|word| settings.roles.get(word));
        let mut roles = vec![USER.to_owned()];
        roles.extend(ours.cloned());
        roles
    }
}

//! All whose tokens count, and which tokens were good.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use futures::future::join_all;
use jsonwebtoken::{Algorithm, Header, Validation};
use moka::sync::Cache;
use net::StartError;
use net::clock::Clock;
use net::readiness::{Gate, Readiness};
use serde::Deserialize;
use serde_json::Value;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::claims::{self, ClaimRule, Claims};
use super::config::Config;
use super::issuer::Issuer;
use super::keys::Keys;
use super::refused::Refused;
use super::source;
use super::user::User;
use crate::gateway::Surroundings;

/// Verified tokens that are remembered, so that a signature costs once.
const REMEMBERED: u64 = 10_000;
/// Types of tokens that may be access tokens: what has a type of its own is for something else
/// (RFC 8725, section 3.11; RFC 9068, section 2.1).
const TYPES: [&str; 3] = ["JWT", "at+jwt", "application/at+jwt"];

/// What stands for a token: it is not kept itself.
type Fingerprint = [u8; 32];

/// All whose tokens count.
pub struct Issuers {
    all: Vec<Arc<Issuer>>,
    known: Cache<Fingerprint, Arc<User>>,
    rules: Vec<ClaimRule>,
    roles_claim: String,
    algorithms: Vec<Algorithm>,
    /// Seconds.
    leeway: i64,
    clock: Clock,
    /// What tokens are for, as challenges name it.
    pub(super) realm: Arc<str>,
    _stop: DropGuard,
}

/// Whose a token says that it is.
#[derive(Deserialize)]
struct Said {
    iss: String,
}

impl Issuers {
    /// Fetches their keys from now on, until this is dropped. Until the first ones are there, `readiness`
    /// says what is missing, and calls get UNAVAILABLE.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn follow(
        config: &Config,
        surroundings: &Surroundings,
        readiness: &Readiness,
    ) -> Result<Arc<Self>, StartError> {
        let gate = |issuer: &Issuer| Some(readiness.waits_for(&issuer.dependency()));
        Self::begin(config, surroundings, readiness, gate)
    }

    /// As [`Self::follow`], for who is to take the place of others that are there already: it completes
    /// when all keys were fetched for the first time, and until then holds nobody back.
    ///
    /// # Errors
    /// What is wrong with the configuration, or why there are no keys.
    pub async fn succeed(
        config: &Config,
        surroundings: &Surroundings,
        readiness: &Readiness,
    ) -> Result<Arc<Self>, StartError> {
        let issuers = Self::begin(config, surroundings, readiness, |_| None)?;
        let fetched = join_all(issuers.all.iter().map(|issuer| issuer.fetched())).await;
        let mistakes: Vec<_> = fetched.into_iter().filter_map(Result::err).collect();
        match mistakes.is_empty() {
            true => Ok(issuers),
            false => Err(StartError::Config(mistakes)),
        }
    }

    fn begin(
        config: &Config,
        surroundings: &Surroundings,
        readiness: &Readiness,
        gate: impl Fn(&Issuer) -> Option<Gate>,
    ) -> Result<Arc<Self>, StartError> {
        let named = config.issuers()?;
        let (client, stop) = (source::client()?, CancellationToken::new());
        let issuer = |named| Arc::new(Issuer::new(named, config.jwt_refresh, client.clone()));
        let all: Vec<_> = named.into_iter().map(issuer).collect();
        let fetched = surroundings
            .telemetry
            .meter()
            .u64_counter("edge.jwt_key_fetches")
            .with_description("Looks at the keys of issuers, by issuer and what became of them")
            .build();
        for issuer in &all {
            let gate = gate(issuer);
            let (issuer, readiness, fetched) = (issuer.clone(), readiness.clone(), fetched.clone());
            let stop = stop.clone();
            let follow = async move |shutdown: CancellationToken| {
                tokio::select! {
                    () = issuer.follow(gate, &readiness, &fetched) => {}
                    () = stop.cancelled() => readiness.degraded(&issuer.dependency(), None),
                    () = shutdown.cancelled() => {}
                }
            };
            surroundings.tasks.spawn_finite("jwt-keys", follow);
        }
        let audiences = all.iter().filter_map(|issuer| issuer.audiences.as_ref());
        let realm = audiences
            .flatten()
            .min()
            .map_or(surroundings.name, String::as_str);
        let leeway = i64::try_from(config.jwt_leeway.as_secs()).unwrap_or(i64::MAX);
        Ok(Arc::new(Self {
            realm: realm.into(),
            all,
            known: Cache::new(REMEMBERED),
            rules: config.jwt_claim.clone(),
            roles_claim: config.jwt_roles_claim.clone(),
            algorithms: config
                .jwt_algorithm
                .iter()
                .map(|one| (*one).into())
                .collect(),
            leeway,
            clock: surroundings.clock.clone(),
            _stop: stop.drop_guard(),
        }))
    }

    /// The user of a token.
    pub(super) async fn user(&self, token: &str) -> Result<Arc<User>, Refused> {
        let fingerprint = fingerprint(token);
        let known = self
            .known
            .get(&fingerprint)
            .filter(|user| user.is_current());
        let user = match known {
            Some(user) => user,
            None => {
                let user = Arc::new(Box::pin(self.verified(token)).await?);
                self.known.insert(fingerprint, user.clone());
                user
            }
        };
        match user.has_expired() {
            true => Err(Refused::Expired),
            false => Ok(user),
        }
    }

    async fn verified(&self, token: &str) -> Result<User, Refused> {
        let header = jsonwebtoken::decode_header(token)?;
        self.check(&header)?;
        let said = jsonwebtoken::dangerous::insecure_decode::<Said>(token);
        let Said { iss } = said?.claims;
        let issuer = self.all.iter().find(|issuer| *issuer.name == *iss);
        let issuer = issuer.ok_or_else(|| Refused::invalid("of an issuer that is not trusted"))?;
        let keys = keys_of(issuer, &header).await?;
        let key = keys.find(header.kid.as_deref(), header.alg);
        let key = key.ok_or_else(|| Refused::invalid("signed by an unknown key"))?;
        let validation = validation(issuer, header.alg);
        let decoded = jsonwebtoken::decode::<Claims>(token, key, &validation);
        let claims = decoded?.claims;
        let ends = self.end(&claims)?;
        let sub = claims
            .get("sub")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let metadata = ClaimRule::metadata(&self.rules, &claims);
        let metadata = metadata
            .map_err(|claim| Refused::Invalid(format!("its {claim} is no text of metadata")))?;
        let roles = claims::find(&claims, &self.roles_claim).map(claims::names);
        Ok(User {
            id: format!("{iss}#{sub}").into(),
            roles: roles.unwrap_or_default(),
            metadata,
            ends,
            clock: self.clock.clone(),
            realm: self.realm.clone(),
            issuer: issuer.clone(),
            keys: keys.clone(),
        })
    }

    /// Whether it may be a token of ours, by what it says of itself before anything is known of it.
    fn check(&self, header: &Header) -> Result<(), Refused> {
        if !self.algorithms.contains(&header.alg) {
            return Err(Refused::invalid("signed by an algorithm that is not taken"));
        }
        let is_typed = |typ: &String| TYPES.iter().any(|name| name.eq_ignore_ascii_case(typ));
        if !header.typ.as_ref().is_none_or(is_typed) {
            return Err(Refused::invalid("of a type that is not for access"));
        }
        // RFC 7515, section 4.1.11: nothing of it is understood here.
        match header.crit {
            None => Ok(()),
            Some(_) => Err(Refused::invalid("it has critical headers")),
        }
    }

    /// When it stops to hold, if it has begun to.
    fn end(&self, claims: &Claims) -> Result<i64, Refused> {
        let exp = claims.get("exp").and_then(seconds);
        let exp = exp.ok_or_else(|| Refused::invalid("exp is no time"))?;
        if let Some(nbf) = claims.get("nbf") {
            let nbf = seconds(nbf).ok_or_else(|| Refused::invalid("nbf is no time"))?;
            if self.clock.now().timestamp().saturating_add(self.leeway) < nbf {
                return Err(Refused::invalid("it does not hold yet"));
            }
        }
        Ok(exp.saturating_add(self.leeway))
    }
}

/// The keys of the issuer, looked for again if the token's is not among them.
async fn keys_of(issuer: &Issuer, header: &Header) -> Result<Arc<Keys>, Refused> {
    let keys = issuer.keys().ok_or(Refused::KeysUnavailable)?;
    if header.kid.is_none() || keys.find(header.kid.as_deref(), header.alg).is_some() {
        return Ok(keys);
    }
    match issuer.look_again().await {
        true => issuer.keys().ok_or(Refused::KeysUnavailable),
        false => Err(Refused::KeysUnavailable),
    }
}

/// What a token of that issuer must say. Times are held against our own clock.
fn validation(issuer: &Issuer, algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    (validation.validate_exp, validation.validate_nbf) = (false, false);
    validation.set_issuer(&[&issuer.name]);
    match &issuer.audiences {
        None => {
            validation.validate_aud = false;
            validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        }
        Some(audiences) => {
            validation.aud = Some(audiences.clone());
            validation.set_required_spec_claims(&["exp", "iss", "sub", "aud"]);
        }
    }
    validation
}

/// A NumericDate, in whole seconds (RFC 7519, section 2).
fn seconds(value: &Value) -> Option<i64> {
    // What is beyond its range becomes the largest.
    let whole = |number: f64| number as i64;
    value.as_i64().or_else(|| value.as_f64().map(whole))
}

fn fingerprint(token: &str) -> Fingerprint {
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    fingerprint
}

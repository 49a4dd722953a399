//! The public keys by which workloads prove themselves (RFC 7523).

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, dangerous, decode, decode_header};
use runtime::identity::Jwk;
use serde::Deserialize;

use crate::domain::assertion::{BadAssertion, Claims};

/// Public keys by the name of their workload.
#[derive(Clone, Default)]
pub struct WorkloadKeys(HashMap<String, Arc<[Key]>>);

#[derive(Clone)]
struct Key {
    id: Option<String>,
    key: DecodingKey,
}

/// A file `<workload>.json`: a JSON Web Key Set (RFC 7517, section 5).
#[derive(Deserialize)]
struct KeySet {
    keys: Vec<KeyEntry>,
}

#[derive(Deserialize)]
struct KeyEntry {
    kty: String,
    crv: Option<String>,
    x: Option<String>,
    kid: Option<String>,
}

impl std::fmt::Debug for WorkloadKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("WorkloadKeys").field(&self.0.keys()).finish()
    }
}

impl WorkloadKeys {
    /// Adds keys of a workload, as JSON Web Keys. Those that are not Ed25519 are passed over.
    #[must_use]
    pub fn with(mut self, workload: &str, keys: &[Jwk]) -> Self {
        let keys = keys
            .iter()
            .filter(|key| key.crv == "Ed25519")
            .filter_map(|key| {
                let id = Some(key.kid.clone()).filter(|id| !id.is_empty());
                Some(Key {
                    id,
                    key: DecodingKey::from_ed_components(&key.x).ok()?,
                })
            });
        self.0.insert(workload.to_owned(), keys.collect());
        self
    }

    /// Adds the keys of others; those of a workload that has some hold beside them.
    pub(crate) fn extend(&mut self, others: Self) {
        for (name, keys) in others.0 {
            let own = self.0.remove(&name).unwrap_or_default();
            let all = own.iter().chain(keys.iter()).cloned().collect();
            self.0.insert(name, all);
        }
    }

    /// Reads a directory of `<workload>.pem` and `<workload>.json`.
    ///
    /// # Errors
    /// Every mistake at once.
    pub(crate) fn read(directory: &Path) -> Result<Self, Vec<String>> {
        let entries = std::fs::read_dir(directory).map_err(|error| {
            vec![format!(
                "WORKLOAD_KEYS_DIR {}: {error}",
                directory.display()
            )]
        })?;
        let (mut keys, mut mistakes) = (Self::default(), Vec::new());
        for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            let name = path.file_stem().and_then(|stem| stem.to_str());
            let kind = path.extension().and_then(|extension| extension.to_str());
            let (Some(name), Some(kind @ ("pem" | "json"))) = (name, kind) else {
                continue;
            };
            match read_file(&path, kind) {
                Ok(read) => drop(keys.0.insert(name.to_owned(), read.into())),
                Err(why) => mistakes.push(format!("{}: {why}", path.display())),
            }
        }
        if mistakes.is_empty() {
            Ok(keys)
        } else {
            Err(mistakes)
        }
    }

    /// The claims of an assertion, if it is signed with a key of the workload that it names and
    /// holds now.
    ///
    /// # Errors
    /// [`BadAssertion`]; an unknown workload is told from a bad signature by nobody.
    pub fn verify(
        &self,
        assertion: &str,
        audience: &str,
        now: DateTime<Utc>,
    ) -> Result<Claims, BadAssertion> {
        let id = decode_header(assertion)
            .map_err(|_| BadAssertion::Signature)?
            .kid;
        let claimed: Claims = dangerous::insecure_decode(assertion)
            .map_err(|_| BadAssertion::Signature)?
            .claims;
        let keys = self.0.get(&claimed.iss).ok_or(BadAssertion::Signature)?;
        // Time and audience are checked below, by our own clock.
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.set_required_spec_claims::<&str>(&[]);
        let named = |key: &&Key| id.is_none() || key.id.is_none() || key.id == id;
        let signed = keys
            .iter()
            .filter(named)
            .any(|key| decode::<serde_json::Value>(assertion, &key.key, &validation).is_ok());
        if !signed {
            return Err(BadAssertion::Signature);
        }
        claimed.check(audience, now)?;
        Ok(claimed)
    }
}

fn read_file(path: &Path, kind: &str) -> Result<Vec<Key>, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    if kind == "pem" {
        let key = DecodingKey::from_ed_pem(&bytes)
            .map_err(|_| "is not an Ed25519 public key in PEM".to_owned())?;
        return Ok(vec![Key { id: None, key }]);
    }
    let set: KeySet =
        serde_json::from_slice(&bytes).map_err(|error| format!("is no key set: {error}"))?;
    set.keys
        .into_iter()
        .filter(|key| key.kty == "OKP" && key.crv.as_deref() == Some("Ed25519"))
        .map(|entry| {
            let x = entry.x.ok_or("has a key without x")?;
            let key = DecodingKey::from_ed_components(&x)
                .map_err(|_| "has a key that is not Ed25519".to_owned())?;
            Ok(Key { id: entry.kid, key })
        })
        .collect()
}

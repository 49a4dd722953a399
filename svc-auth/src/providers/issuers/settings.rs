//! How a trusted issuer is configured: a file `<name>.json`.

use std::collections::BTreeMap;
use std::path::Path;

use jsonwebtoken::Algorithm;
use serde::Deserialize;
use url::Url;

use crate::providers::keys::ALGORITHMS;
use crate::providers::settings::{files, web};

/// How a trusted issuer is configured.
#[derive(Clone, Debug)]
pub(crate) struct IssuerSettings {
    /// Its name in logs and answers, that of the file.
    pub(crate) name: String,
    /// What it calls itself, exactly.
    pub(crate) issuer: String,
    /// Where its keys are (RFC 7517, section 5).
    pub(crate) jwks_uri: Url,
    /// What it calls this API.
    pub(crate) audience: String,
    /// What it may sign by.
    pub(crate) algorithms: Vec<Algorithm>,
    /// The claim that names somebody, whom nobody else is named by ever.
    pub(crate) subject_claim: String,
    /// The claim that says what somebody is there.
    pub(crate) roles_claim: Option<String>,
    /// What that means here: their words, our roles.
    pub(crate) roles: BTreeMap<String, String>,
    /// Whether who belongs to no account opens one, with an address that the issuer has verified.
    pub(crate) open_accounts: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    issuer: String,
    jwks_uri: String,
    audience: String,
    #[serde(default = "algorithms")]
    algorithms: Vec<Algorithm>,
    #[serde(default = "subject_claim")]
    subject_claim: String,
    roles_claim: Option<String>,
    #[serde(default)]
    roles: BTreeMap<String, String>,
    #[serde(default)]
    open_accounts: bool,
}

fn algorithms() -> Vec<Algorithm> {
    ALGORITHMS.to_vec()
}

fn subject_claim() -> String {
    "sub".to_owned()
}

/// Reads a directory of `<name>.json`.
///
/// # Errors
/// Every mistake at once.
pub(crate) fn read(directory: &Path, allow_http: bool) -> Result<Vec<IssuerSettings>, Vec<String>> {
    let paths = files("TRUSTED_ISSUERS_DIR", directory)?;
    let (mut read, mut mistakes) = (Vec::<IssuerSettings>::new(), Vec::new());
    for path in paths {
        match read_file(&path, allow_http) {
            Ok(new) if read.iter().any(|it| it.issuer == new.issuer) => {
                mistakes.push(format!("{}: another file has this issuer", path.display()));
            }
            Ok(new) => read.push(new),
            Err(why) => mistakes.push(format!("{}: {why}", path.display())),
        }
    }
    match mistakes.is_empty() {
        true => Ok(read),
        false => Err(mistakes),
    }
}

fn read_file(path: &Path, allow_http: bool) -> Result<IssuerSettings, String> {
    let name = path.file_stem().and_then(|stem| stem.to_str());
    let name = name.ok_or("the file's name is no text")?.to_owned();
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let File {
        issuer,
        jwks_uri,
        audience,
        algorithms,
        subject_claim,
        roles_claim,
        roles,
        open_accounts,
    } = serde_json::from_slice(&bytes).map_err(|error| {
        format!(
            "is no object of issuer, jwksUri, audience, algorithms (RS256, ES256, EdDSA), \
             subjectClaim, rolesClaim, roles and openAccounts: {error}"
        )
    })?;
    web(&issuer, allow_http).map_err(|why| format!("issuer: {why}"))?;
    let jwks_uri = web(&jwks_uri, allow_http).map_err(|why| format!("jwksUri: {why}"))?;
    if audience.is_empty() || subject_claim.is_empty() || algorithms.is_empty() {
        return Err("audience, subjectClaim and algorithms must not be empty".to_owned());
    }
    if !algorithms.iter().all(|it| ALGORITHMS.contains(it)) {
        return Err("algorithms: RS256, ES256 and EdDSA can be taken".to_owned());
    }
    if roles_claim.is_none() != roles.is_empty() {
        return Err(
            "rolesClaim and roles belong together: a claim, and what its words mean here, as in \
             {\"shop-admins\": \"admin\"}"
                .to_owned(),
        );
    }
    Ok(IssuerSettings {
        name,
        issuer,
        jwks_uri,
        audience,
        algorithms,
        subject_claim,
        roles_claim,
        roles,
        open_accounts,
    })
}

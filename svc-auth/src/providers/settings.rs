//! How a provider is configured: a file `<provider>.json`.

use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;
use url::{Host, Url};

/// What every request asks for.
const OPENID: &str = "openid";

/// How a provider is configured.
#[derive(Clone)]
pub(crate) struct ProviderSettings {
    /// Its name in requests, that of the file.
    pub(crate) provider: String,
    /// Its name for people.
    pub(crate) display_name: String,
    /// What it calls itself, exactly.
    pub(crate) issuer: String,
    /// What it calls the shop.
    pub(crate) client_id: String,
    /// By which the shop proves itself there.
    pub(crate) client_secret: SecretString,
    /// What it is asked for.
    pub(crate) scopes: Vec<String>,
}

impl fmt::Debug for ProviderSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderSettings")
            .field("provider", &self.provider)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    issuer: String,
    display_name: String,
    client_id: String,
    client_secret: Option<SecretText>,
    client_secret_file: Option<PathBuf>,
    #[serde(default = "scopes")]
    scopes: Vec<String>,
}

/// Read from a file.
#[derive(Deserialize)]
struct SecretText(String);

fn scopes() -> Vec<String> {
    [OPENID, "email", "profile"].map(str::to_owned).to_vec()
}

/// Reads a directory of `<provider>.json`.
///
/// # Errors
/// Every mistake at once; none repeats what is in a file.
pub(crate) fn read(
    directory: &Path,
    allow_http: bool,
) -> Result<Vec<ProviderSettings>, Vec<String>> {
    let (mut read, mut mistakes) = (Vec::<ProviderSettings>::new(), Vec::new());
    for path in files("IDENTITY_PROVIDERS_DIR", directory)? {
        match read_file(&path, allow_http) {
            Ok(new) if read.iter().any(|it| it.issuer == new.issuer) => {
                mistakes.push(format!("{}: another file has this issuer", path.display()));
            }
            Ok(new) => read.push(new),
            Err(why) => mistakes.push(format!("{}: {why}", path.display())),
        }
    }
    if mistakes.is_empty() {
        Ok(read)
    } else {
        Err(mistakes)
    }
}

/// The files `<name>.json` of a directory that a variable names, in the order of their names.
///
/// # Errors
/// Why it cannot be read.
pub(super) fn files(variable: &str, directory: &Path) -> Result<Vec<PathBuf>, Vec<String>> {
    let entries = std::fs::read_dir(directory)
        .map_err(|error| vec![format!("{variable} {}: {error}", directory.display())])?;
    let mut paths: Vec<_> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|it| it == "json"))
        .collect();
    paths.sort();
    Ok(paths)
}

fn read_file(path: &Path, allow_http: bool) -> Result<ProviderSettings, String> {
    let name = path.file_stem().and_then(|stem| stem.to_str());
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let provider = name
        .filter(|name| name.len() <= 64 && name.bytes().all(fits))
        .ok_or("a provider's name is of small letters, digits and hyphens, 64 at most")?;
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let File {
        issuer,
        display_name,
        client_id,
        client_secret,
        client_secret_file,
        scopes,
    } = serde_json::from_slice(&bytes).map_err(|error| {
        // What the library says of a value may repeat it.
        format!(
            "is no object of issuer, displayName, clientId, clientSecret or clientSecretFile, and \
             scopes (line {}, column {})",
            error.line(),
            error.column()
        )
    })?;
    let url = web(&issuer, allow_http).map_err(|why| format!("issuer: {why}"))?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("issuer: it has neither a query nor a fragment".to_owned());
    }
    if display_name.trim().is_empty() || client_id.is_empty() {
        return Err("displayName and clientId must not be empty".to_owned());
    }
    if !scopes.iter().any(|scope| scope == OPENID) {
        return Err("scopes must name openid".to_owned());
    }
    let client_secret = match (client_secret, client_secret_file) {
        (Some(SecretText(secret)), None) => secret,
        (None, Some(file)) => {
            // Beside the file that names it, unless it says otherwise.
            let file = path.parent().unwrap_or(Path::new("")).join(file);
            let secret = std::fs::read_to_string(&file)
                .map_err(|error| format!("clientSecretFile {}: {error}", file.display()))?;
            secret.trim_end_matches(['\r', '\n']).to_owned()
        }
        _ => return Err("give either clientSecret or clientSecretFile".to_owned()),
    };
    if client_secret.is_empty() {
        return Err("the client's secret must not be empty".to_owned());
    }
    Ok(ProviderSettings {
        provider: provider.to_owned(),
        display_name,
        issuer,
        client_id,
        client_secret: client_secret.into(),
        scopes,
    })
}

/// An address that may be asked, or that browsers may be sent to: https, or for development http to this
/// machine.
///
/// # Errors
/// What is wrong with it, without it.
pub(crate) fn web(text: &str, allow_http: bool) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("expected an https URL: {error}"))?;
    if url.scheme() != "https" && !(allow_http && url.scheme() == "http" && is_here(&url)) {
        return Err(
            "expected an https URL; http is taken to this machine alone, and only where it is allowed \
             (IDENTITY_PROVIDERS_ALLOW_HTTP, TRUSTED_ISSUERS_ALLOW_HTTP)"
                .to_owned(),
        );
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a URL with a user in it is not for logs".to_owned());
    }
    Ok(url)
}

/// Whether it leads to this machine.
pub(super) fn is_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_encrypted_is_asked_and_this_machine_where_that_is_allowed() {
        assert!(web("https://id.example/realms/shop", false).is_ok());
        assert!(web("http://127.0.0.1:9400", true).is_ok());
        assert!(web("http://localhost:9400", true).is_ok());
        for (refused, allow_http) in [
            ("http://127.0.0.1:9400", false),
            ("http://id.example", true),
            ("http://localhost.id.example", true),
            ("ftp://id.example", true),
            ("https://ada:secret@id.example", true),
            ("id.example", true),
        ] {
            let why = web(refused, allow_http).unwrap_err();
            assert!(!why.contains("secret"), "{why}");
        }
    }
}

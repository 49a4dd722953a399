//! TLS with upstreams.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use net::StartError;
use net::tls::{Client, Identity, PemFile};

use super::upstream::Upstream;

/// Said of each flag: what comes after them is of another subject.
const HEADING: &str = "TLS with upstreams";

/// TLS with upstreams at `https`: what they have to prove, and what is shown to them. The files are
/// looked at again every 5 seconds, and hold for new connections.
#[derive(clap::Args, Clone, Debug, Default)]
#[group(skip)]
pub struct Tls {
    /// Certificates (PEM) of the authorities that vouch for upstreams at `https`, in the place of those
    /// that the system knows. With a name, as `--upstream` has it, for that upstream alone. May be given
    /// several times, in the environment with `,` between.
    #[arg(
        long,
        help_heading = HEADING,
        env = "UPSTREAM_CA",
        value_name = "[NAME=]FILE",
        value_delimiter = ',',
        requires = "upstream"
    )]
    pub upstream_ca: Vec<File>,
    /// The certificate (PEM) that the gateway shows to upstreams at `https` that ask for one, and behind
    /// it those that lead to an authority. Names as above.
    #[arg(
        long,
        help_heading = HEADING,
        env = "UPSTREAM_CERTIFICATE",
        value_name = "[NAME=]FILE",
        value_delimiter = ',',
        requires = "upstream_key"
    )]
    pub upstream_certificate: Vec<File>,
    /// The private key of that certificate (PEM, without a passphrase). Names as above.
    #[arg(
        long,
        help_heading = HEADING,
        env = "UPSTREAM_KEY",
        value_name = "[NAME=]FILE",
        value_delimiter = ',',
        requires = "upstream_certificate"
    )]
    pub upstream_key: Vec<File>,
}

const CA: &str = "--upstream-ca";
const CERTIFICATE: &str = "--upstream-certificate";
const KEY: &str = "--upstream-key";

/// A file of one upstream, or of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// What `--upstream` calls it; `None` for all that have none of their own.
    pub upstream: Option<String>,
    /// Where it is.
    pub path: PathBuf,
}

impl FromStr for File {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (upstream, path) = match text.split_once('=') {
            Some((name, path)) => (Some(name.to_owned()), path),
            None => (None, text),
        };
        if path.is_empty() || upstream.as_ref().is_some_and(String::is_empty) {
            return Err(format!("{text:?}: expected FILE or NAME=FILE"));
        }
        let path = path.into();
        Ok(Self { upstream, path })
    }
}

impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(upstream) = &self.upstream {
            write!(f, "{upstream}=")?;
        }
        write!(f, "{}", self.path.display())
    }
}

impl Tls {
    /// What connects to the upstreams at `https`, by their names.
    ///
    /// # Errors
    /// All that is wrong with the flags and the files.
    pub(super) fn clients(
        &self,
        upstreams: &[Upstream],
    ) -> Result<BTreeMap<String, Client>, StartError> {
        let mut mistakes = BTreeSet::new();
        for (flag, files) in self.all() {
            let wrong = files.iter().filter_map(|file| misnamed(file, upstreams));
            mistakes.extend(wrong.map(|(file, why)| format!("{flag} {file}: {why}")));
        }
        let mut clients = BTreeMap::new();
        for upstream in upstreams.iter().filter(|one| one.address.is_tls()) {
            match self.client(upstream) {
                Ok(client) => drop(clients.insert(upstream.name().to_owned(), client)),
                // Several upstreams may have the same files.
                Err(wrong) => mistakes.extend(wrong),
            }
        }
        match mistakes.is_empty() {
            true => Ok(clients),
            false => Err(StartError::Config(mistakes.into_iter().collect())),
        }
    }

    fn all(&self) -> [(&'static str, &[File]); 3] {
        [
            (CA, &self.upstream_ca),
            (CERTIFICATE, &self.upstream_certificate),
            (KEY, &self.upstream_key),
        ]
    }

    fn client(&self, upstream: &Upstream) -> Result<Client, Vec<String>> {
        let [authorities, certificate, key] = self.all().map(|(flag, files)| {
            let named = |file: &&File| file.upstream.as_deref() == Some(&upstream.scope);
            let for_all = |file: &&File| file.upstream.is_none();
            let file = files.iter().find(named);
            let file = file.or_else(|| files.iter().find(for_all))?;
            Some(PemFile::new(flag, &file.path))
        });
        let identity = match (certificate, key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some(Identity { certificate, key }),
            (None, _) => return Err(vec![format!("{CERTIFICATE}: {upstream} has only a key")]),
            (_, None) => return Err(vec![format!("{KEY}: {upstream} has only a certificate")]),
        };
        Client::new(authorities, identity)
    }
}

/// What is wrong with whom a file is for.
fn misnamed<'a>(file: &'a File, upstreams: &[Upstream]) -> Option<(&'a File, String)> {
    let mut all = upstreams.iter();
    let why = match &file.upstream {
        None if all.any(|one| one.address.is_tls()) => return None,
        None => "no --upstream is at https".to_owned(),
        Some(name) => match all.find(|one| one.scope == *name) {
            Some(upstream) if upstream.address.is_tls() => return None,
            Some(upstream) => format!("--upstream {upstream} is not at https"),
            None => format!("no --upstream is called {name}"),
        },
    };
    Some((file, why))
}

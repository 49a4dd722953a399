//! PEM files, known by the flags that name them: what is wrong is told with the flag and the file.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{CertificateError, Error, RootCertStore};

use super::PROVIDER;

/// A file that a flag names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PemFile {
    flag: &'static str,
    path: PathBuf,
}

/// What one side proves who it is with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its certificate, and behind it those that lead to an authority.
    pub certificate: PemFile,
    /// The private key of the certificate, without a passphrase.
    pub key: PemFile,
}

/// An identity as it was read.
pub(super) struct Own {
    pub(super) certified: Arc<SingleCertAndKey>,
    /// When the certificate ends, after the epoch.
    pub(super) end: Option<Duration>,
}

impl fmt::Display for PemFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.flag, self.path.display())
    }
}

impl PemFile {
    /// As the flag names it, `--tls-key`.
    pub fn new(flag: &'static str, path: impl Into<PathBuf>) -> PemFile {
        let path = path.into();
        PemFile { flag, path }
    }

    pub(super) fn read(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.path).map_err(|error| format!("{self}: {error}"))
    }

    /// All certificates in the file; one at least.
    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, String> {
        let pem = self.read()?;
        let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        match all {
            Ok(all) if all.is_empty() => Err(self.has_no("certificate", "CERTIFICATE")),
            Ok(all) => Ok(all),
            Err(error) => Err(format!("{self}: {error}")),
        }
    }

    fn key(&self) -> Result<PrivateKeyDer<'static>, String> {
        let key = PrivateKeyDer::from_pem_slice(&self.read()?);
        key.map_err(|error| match error {
            pem::Error::NoItemsFound => {
                self.has_no("private key without a passphrase", "PRIVATE KEY")
            }
            error => format!("{self}: {error}"),
        })
    }

    fn has_no(&self, what: &str, label: &str) -> String {
        format!("{self}: no {what} in it; PEM looks like -----BEGIN {label}-----")
    }

    /// The authorities in the file, whose certificates are believed.
    pub(super) fn authorities(&self) -> Result<RootCertStore, String> {
        let mut roots = RootCertStore::empty();
        for certificate in self.certificates()? {
            let added = roots.add(certificate);
            added.map_err(|error| format!("{self}: {}", reason(&error)))?;
        }
        Ok(roots)
    }
}

impl Identity {
    pub(super) fn files(&self) -> [PemFile; 2] {
        [self.certificate.clone(), self.key.clone()]
    }

    /// Reads both files. What no peer will believe any more, or yet, is warned of.
    pub(super) fn read(&self) -> Result<Own, Vec<String>> {
        let Identity { certificate, key } = self;
        let (chain, private) = match (certificate.certificates(), key.key()) {
            (Ok(chain), Ok(private)) => (chain, private),
            (chain, private) => return Err(chain.err().into_iter().chain(private.err()).collect()),
        };
        if let Some(why) = out_of_time(&chain[0], UnixTime::now()) {
            tracing::warn!(%certificate, %why, "the certificate does not hold now");
        }
        let end = end(&chain[0]);
        let certified = CertifiedKey::from_der(chain, private, &PROVIDER);
        let certified = certified.map_err(|error| match error {
            Error::InconsistentKeys(_) => vec![format!("{key}: not the key of {certificate}")],
            Error::InvalidCertificate(_) => vec![format!("{certificate}: {}", reason(&error))],
            error => vec![format!("{key}: {}", reason(&error))],
        })?;
        let certified = Arc::new(SingleCertAndKey::from(certified));
        Ok(Own { certified, end })
    }
}

/// When people will have other worries: the last second of the year 9999.
const NEVER: Duration = Duration::from_secs(253_402_300_799);

/// When a certificate ends, after the epoch, if it does.
fn end(certificate: &CertificateDer<'_>) -> Option<Duration> {
    match out_of_time(certificate, UnixTime::since_unix_epoch(NEVER))? {
        CertificateError::ExpiredContext { not_after, .. } => {
            Some(Duration::from_secs(not_after.as_secs()))
        }
        _ => None,
    }
}

/// Why a certificate does not hold at that time. The time is looked at before anything else is, so that
/// no authority is needed.
fn out_of_time(certificate: &CertificateDer<'_>, at: UnixTime) -> Option<CertificateError> {
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
    let (nobody, algorithms) = (
        RootCertStore::empty(),
        PROVIDER.signature_verification_algorithms.all,
    );
    match verify_server_cert_signed_by_trust_anchor(&parsed, &nobody, &[], at, algorithms) {
        Err(Error::InvalidCertificate(
            error @ (CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. }),
        )) => Some(error),
        _ => None,
    }
}

/// What is wrong with what stands in a file; rustls speaks of peers.
fn reason(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(error) => format!("the certificate is not valid: {error}"),
        Error::General(why) => why.clone(),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    #[test]
    fn a_certificate_holds_from_its_beginning_to_its_end() {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["edge.test".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2030, 1, 1);
        let certificate = params.self_signed(&key).unwrap();
        let (beginning, last) = (1_577_836_800, 1_893_456_000);
        let why = |seconds| {
            let at = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
            out_of_time(certificate.der(), at).map(|why| why.to_string())
        };
        assert_eq!((why(beginning), why(last)), (None, None));
        assert!(why(beginning - 1).is_some_and(|why| why.contains("not valid yet")));
        assert!(why(last + 1).is_some_and(|why| why.contains("expired")));
        assert_eq!(end(certificate.der()), Some(Duration::from_secs(last)));
    }
}

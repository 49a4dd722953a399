//! Certificates that a test makes, as files in PEM: each with its key.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};

/// Who vouches for others.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
}

impl Authority {
    /// A new one, whose certificates are put into a folder.
    pub(crate) fn new(folder: &Path) -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, key());
        Authority {
            issuer: issuer.expect("it vouches for itself"),
            folder: folder.to_owned(),
        }
    }

    /// Its own certificate, which `SSL_CERT_FILE` is to name.
    pub(crate) fn file(&self) -> String {
        written(&self.folder, "authority", &self.issuer.pem())
    }

    /// A certificate for a name or an address.
    pub(crate) fn certifies(&self, name: &str) -> String {
        self.signed(name, &params(name))
    }

    /// One that was one.
    pub(crate) fn has_certified(&self, name: &str) -> String {
        let mut expired = params(name);
        expired.not_after = date_time_ymd(2020, 1, 1);
        self.signed("expired", &expired)
    }

    /// One that somebody else has made.
    pub(crate) fn knows_nothing_of(&self, name: &str) -> String {
        let key = key();
        let own = params(name).self_signed(&key).expect("anybody can");
        written(&self.folder, "own", &(own.pem() + &key.serialize_pem()))
    }

    fn signed(&self, file: &str, params: &CertificateParams) -> String {
        let key = key();
        let signed = params.signed_by(&key, &self.issuer).expect("it vouches");
        written(&self.folder, file, &(signed.pem() + &key.serialize_pem()))
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key can be made")
}

fn params(name: &str) -> CertificateParams {
    CertificateParams::new([name.to_owned()]).expect("it is a name")
}

fn written(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(format!("{name}.pem"));
    fs::write(&file, text).expect("it can be written");
    file.display().to_string()
}

//! TLS, by certificates that the tests make.

use std::path::PathBuf;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};

mod client;
mod clients;
mod door;
mod files;
mod reload;
pub(crate) mod upstreams;

/// Who vouches for others.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// Certificates and the key of the first, in PEM.
#[derive(Clone)]
pub(crate) struct Certified {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for that name, of servers and of clients.
    pub(crate) fn certifies(&self, name: &str) -> Certified {
        self.certifies_with(name, |_| ())
    }

    pub(crate) fn certifies_with(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Certified {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        Certified {
            certificate: params.signed_by(&key, &self.0).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

/// A folder of files, until the test ends.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Writes a file, in the place of one of that name if there is one.
    pub(crate) fn put(&self, name: &str, content: &str) -> PathBuf {
        let (new, path) = (self.0.path().join("new"), self.0.path().join(name));
        std::fs::write(&new, content).unwrap();
        std::fs::rename(&new, &path).unwrap();
        path
    }

    pub(crate) fn put_certified(&self, certified: &Certified) -> (PathBuf, PathBuf) {
        (
            self.put("tls.crt", &certified.certificate),
            self.put("tls.key", &certified.key),
        )
    }
}

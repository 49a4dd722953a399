//! What a client has proved to be.

use std::fmt::{self, Write as _};

use aws_lc_rs::digest::{SHA256, digest};
use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

/// The certificate of a client, which an authority has vouched for.
#[derive(Clone, Copy, Debug)]
pub struct ClientCertificate<'a>(&'a CertificateDer<'a>);

impl<'a> ClientCertificate<'a> {
    pub(crate) fn of(certificate: &'a CertificateDer<'a>) -> ClientCertificate<'a> {
        ClientCertificate(certificate)
    }
}

/// As Envoy writes it in `x-forwarded-client-cert`: the hash (SHA-256) of the certificate, and the URIs
/// and DNS names that it is for. Which of them there are, the authority has decided.
impl fmt::Display for ClientCertificate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash=")?;
        for byte in digest(&SHA256, self.0).as_ref() {
            write!(f, "{byte:02x}")?;
        }
        let Ok(certificate) = EndEntityCert::try_from(self.0) else {
            return Ok(());
        };
        for uri in certificate.valid_uri_names() {
            value(f, "URI", uri)?;
        }
        for name in certificate.valid_dns_names() {
            value(f, "DNS", name)?;
        }
        Ok(())
    }
}

/// In quotes where it could be taken for several.
fn value(f: &mut fmt::Formatter<'_>, key: &str, value: &str) -> fmt::Result {
    if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    if !value.contains([',', ';', '=', '"', '\\']) {
        return write!(f, ";{key}={value}");
    }
    write!(f, ";{key}=\"")?;
    for character in value.chars() {
        if matches!(character, '"' | '\\') {
            f.write_char('\\')?;
        }
        f.write_char(character)?;
    }
    f.write_char('"')
}

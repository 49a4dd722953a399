//! TLS at the door.

use std::path::PathBuf;

use clap::Args;
use net::StartError;
use net::tls::{ClientAuthorities, Identity, PemFile, Server};

/// TLS with clients. The files are looked at again every 5 seconds: what they say then holds for new
/// connections, open ones stay. If they are wrong, the old ones hold, and the log says why.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[group(skip)]
#[command(next_help_heading = "TLS with clients")]
pub struct Tls {
    /// Speak TLS (1.2 and 1.3) and nothing else on the port, with this certificate: a PEM file with the
    /// gateway's own first and then those that lead to an authority. It is looked at again every few
    /// seconds, and a new one is shown to new connections; open ones stay. Clients choose HTTP/2 or
    /// HTTP/1.1 by ALPN, and are told to stay with TLS (`strict-transport-security`).
    #[arg(
        long,
        env = "EDGE_TLS_CERTIFICATE",
        value_name = "FILE",
        requires = "tls_key"
    )]
    pub tls_certificate: Option<PathBuf>,
    /// The private key of the certificate: a PEM file, without a passphrase.
    #[arg(
        long,
        env = "EDGE_TLS_KEY",
        value_name = "FILE",
        requires = "tls_certificate"
    )]
    pub tls_key: Option<PathBuf>,
    /// Let in only clients that have a certificate of one of these authorities (PEM); others do not get
    /// beyond the handshake.
    #[arg(
        long,
        env = "EDGE_TLS_CLIENT_CA",
        value_name = "FILE",
        requires = "tls_certificate"
    )]
    pub tls_client_ca: Option<PathBuf>,
    /// Let clients in that show no certificate at all, too.
    #[arg(long, env = "EDGE_TLS_CLIENT_OPTIONAL", requires = "tls_client_ca")]
    pub tls_client_optional: bool,
}

impl Tls {
    /// What speaks TLS, if anything is to.
    ///
    /// # Errors
    /// What is wrong with the files.
    pub(crate) fn server(&self) -> Result<Option<Server>, StartError> {
        let (certificate, key) = match (&self.tls_certificate, &self.tls_key) {
            (None, None) => return Ok(None),
            (Some(certificate), Some(key)) => (certificate, key),
            _ => {
                let mistake = "--tls-certificate and --tls-key: one needs the other";
                return Err(StartError::config(mistake));
            }
        };
        let identity = Identity {
            certificate: PemFile::new("--tls-certificate", certificate),
            key: PemFile::new("--tls-key", key),
        };
        let clients = self.tls_client_ca.as_ref().map(|path| ClientAuthorities {
            file: PemFile::new("--tls-client-ca", path),
            is_optional: self.tls_client_optional,
        });
        let server = Server::new(identity, clients);
        server.map(Some).map_err(StartError::Config)
    }
}

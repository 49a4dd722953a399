//! The side that connects.

use std::fmt;
use std::sync::{Arc, LazyLock};

use rustls::pki_types::ServerName;
use rustls::{AlertDescription, ClientConfig, Error, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::pem::{Identity, Own, PemFile};
use super::stream::Stream;
use super::watched::Watched;
use super::{BOTH_VERSIONS, HTTP_2, PROVIDER};

/// Connects to servers that prove who they are and speak HTTP/2. By default it believes the authorities
/// of the system, and shows nothing of its own.
#[derive(Clone)]
pub struct Client(Arc<Watched<ClientConfig>>);

const NO_HTTP_2: &str = "TLS: the server does not choose HTTP/2 (ALPN h2), which gRPC needs";

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl Default for Client {
    fn default() -> Client {
        static OF_SYSTEM: LazyLock<Client> = LazyLock::new(|| {
            let roots = of_system().unwrap_or_else(|why| {
                tracing::error!(why, "no server in TLS will be believed");
                RootCertStore::empty()
            });
            Client(Arc::new(Watched::fixed(config(roots, None))))
        });
        OF_SYSTEM.clone()
    }
}

impl Client {
    /// One that believes these authorities, or else those of the system, and proves itself with this
    /// identity to servers that ask for one. Within a Tokio runtime, on which it looks for changes of
    /// the files.
    ///
    /// # Errors
    /// What is wrong with the files, or that the system has no authorities.
    pub fn new(
        authorities: Option<PemFile>,
        identity: Option<Identity>,
    ) -> Result<Client, Vec<String>> {
        let mut files: Vec<_> = authorities.iter().cloned().collect();
        files.extend(identity.iter().flat_map(Identity::files));
        let make = move || {
            let roots = authorities
                .as_ref()
                .map_or_else(of_system, PemFile::authorities);
            match (roots, identity.as_ref().map(Identity::read).transpose()) {
                (Ok(roots), Ok(own)) => Ok(config(roots, own)),
                (roots, own) => {
                    let mistakes = roots.err().into_iter();
                    Err(mistakes.chain(own.err().unwrap_or_default()).collect())
                }
            }
        };
        Ok(Client(Arc::new(Watched::of(files, make)?)))
    }

    /// The handshake with a server of this name.
    ///
    /// # Errors
    /// Why it does not come about.
    pub(crate) async fn connect(
        &self,
        name: ServerName<'static>,
        stream: TcpStream,
    ) -> Result<Stream, String> {
        let connector = TlsConnector::from(self.0.newest());
        let connected = connector.connect(name, stream).await.map_err(|error| {
            let of_tls = error.get_ref().and_then(|inner| inner.downcast_ref());
            of_tls.map_or_else(|| format!("TLS: {error}"), reason)
        })?;
        match connected.get_ref().1.alpn_protocol() {
            Some(HTTP_2) => Ok(Stream::Tls(Box::new(connected.into()))),
            _ => Err(NO_HTTP_2.to_owned()),
        }
    }
}

fn config(roots: RootCertStore, own: Option<Own>) -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(PROVIDER.clone())
        .with_safe_default_protocol_versions()
        .expect(BOTH_VERSIONS)
        .with_root_certificates(roots);
    let mut config = match own {
        Some(own) => builder.with_client_cert_resolver(own.certified),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![HTTP_2.to_vec()];
    config
}

/// The authorities that this system believes; `SSL_CERT_FILE` and `SSL_CERT_DIR` say where they are
/// instead.
fn of_system() -> Result<RootCertStore, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    match roots.is_empty() {
        false => Ok(roots),
        true => {
            let why = found.errors.iter().map(|error| format!(": {error}"));
            let why = why.collect::<String>();
            Err(format!(
                "this system has no certificates of authorities to believe servers by; \
                 SSL_CERT_FILE names some{why}"
            ))
        }
    }
}

fn reason(error: &Error) -> String {
    match error {
        Error::AlertReceived(AlertDescription::NoApplicationProtocol) => NO_HTTP_2.to_owned(),
        Error::InvalidMessage(_) => "TLS: the server does not speak it".to_owned(),
        error => format!("TLS: {error}"),
    }
}

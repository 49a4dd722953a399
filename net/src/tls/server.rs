//! The side that accepts.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::pem::{Identity, PemFile};
use super::stream::Stream;
use super::watched::Watched;
use super::{BOTH_VERSIONS, HTTP_1_1, HTTP_2, PROVIDER};

/// What every connection of TLS begins with: a record of the handshake (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;

/// What is said to those who begin otherwise, in the hope that it is HTTP.
const NOT_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\
    content-type: text/plain\r\ncontent-length: 34\r\nconnection: close\r\n\r\n\
    This port speaks TLS: use https.\r\n";

/// Accepts connections in TLS that speak HTTP/2 or HTTP/1.1 (ALPN), or do not say what.
#[derive(Clone)]
pub struct Server(Arc<Watched<Shown>>);

struct Shown {
    config: Arc<ServerConfig>,
    /// When the certificate ends, after the epoch.
    end: Option<Duration>,
}

/// Who has to vouch for clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientAuthorities {
    /// Their certificates.
    pub file: PemFile,
    /// Clients without any certificate are let in too.
    pub is_optional: bool,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Server")
    }
}

impl Server {
    /// One that is known by this identity, and asks clients for theirs if there are authorities. Within
    /// a Tokio runtime, on which it looks for changes of the files.
    ///
    /// # Errors
    /// What is wrong with the files.
    pub fn new(
        identity: Identity,
        clients: Option<ClientAuthorities>,
    ) -> Result<Server, Vec<String>> {
        let mut files = identity.files().to_vec();
        files.extend(clients.iter().map(|clients| clients.file.clone()));
        let watched = Watched::of(files, move || shown(&identity, clients.as_ref()))?;
        Ok(Server(Arc::new(watched)))
    }

    /// When the certificate ends that is shown now, after the epoch, if that can be told.
    pub fn end_of_certificate(&self) -> Option<Duration> {
        self.0.newest().end
    }

    /// The handshake with a client. Who speaks something else is told so, and left.
    ///
    /// # Errors
    /// When it does not come about.
    pub async fn accept(&self, stream: TcpStream) -> io::Result<Stream> {
        // Without it the parts of the handshake wait for acknowledgements; it can only be slower.
        let _ = stream.set_nodelay(true);
        let mut first = [0];
        if stream.peek(&mut first).await? > 0 && first != [HANDSHAKE] {
            tell(stream).await?;
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is not TLS"));
        }
        let accepted = TlsAcceptor::from(self.0.newest().config.clone())
            .accept(stream)
            .await?;
        Ok(Stream::Tls(Box::new(accepted.into())))
    }
}

/// Says what is spoken here. What has come is read before, lest the kernel throw the reply away with it.
async fn tell(mut stream: TcpStream) -> io::Result<()> {
    if stream.read(&mut [0; 4096]).await? > 0 {
        stream.write_all(NOT_TLS).await?;
    }
    stream.shutdown().await
}

impl ClientAuthorities {
    fn verifier(&self) -> Result<Arc<dyn ClientCertVerifier>, String> {
        let roots = Arc::new(self.file.authorities()?);
        let verifier = WebPkiClientVerifier::builder_with_provider(roots, PROVIDER.clone());
        let verifier = match self.is_optional {
            true => verifier.allow_unauthenticated(),
            false => verifier,
        };
        let verifier = verifier.build();
        verifier.map_err(|error| format!("{}: {error}", self.file))
    }
}

fn shown(identity: &Identity, clients: Option<&ClientAuthorities>) -> Result<Shown, Vec<String>> {
    let anybody = || Ok(WebPkiClientVerifier::no_client_auth());
    let verifier = clients.map_or_else(anybody, ClientAuthorities::verifier);
    let (own, verifier) = match (identity.read(), verifier) {
        (Ok(own), Ok(verifier)) => (own, verifier),
        (own, verifier) => {
            let mistakes = own.err().unwrap_or_default();
            return Err(mistakes.into_iter().chain(verifier.err()).collect());
        }
    };
    let mut config = ServerConfig::builder_with_provider(PROVIDER.clone())
        .with_safe_default_protocol_versions()
        .expect(BOTH_VERSIONS)
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(own.certified);
    config.alpn_protocols = vec![HTTP_2.to_vec(), HTTP_1_1.to_vec()];
    // Made anew with the files: who was let in by the old authorities has to prove itself again.
    config.ticketer = Ticketer::new().map_err(|error| vec![error.to_string()])?;
    Ok(Shown {
        config: Arc::new(config),
        end: own.end,
    })
}

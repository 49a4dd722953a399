//! A client that does what a browser does, and can be told to do less.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ALL_VERSIONS, ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint, Uri};

use super::{Authority, Certified};

/// What it expects the server to be.
pub(super) const NAME: &str = "edge.test";

pub(super) struct Client<'a> {
    /// Whom it believes.
    pub(super) authority: &'a Authority,
    /// What it proves itself with.
    pub(super) own: Option<&'a Certified>,
    /// The protocols that it offers.
    pub(super) alpn: &'a [&'a str],
    pub(super) versions: &'a [&'static SupportedProtocolVersion],
}

impl<'a> Client<'a> {
    pub(super) fn of(authority: &'a Authority) -> Self {
        Self {
            authority,
            own: None,
            alpn: &["h2", "http/1.1"],
            versions: ALL_VERSIONS,
        }
    }

    fn config(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        let pem = self.authority.pem();
        let authority = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        roots.add(authority).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(self.versions)
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match self.own {
            None => builder.with_no_client_auth(),
            Some(Certified { certificate, key }) => {
                let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                let certified = builder.with_client_auth_cert(vec![certificate], key);
                certified.unwrap()
            }
        };
        let alpn = self.alpn.iter().map(|name| name.as_bytes().to_vec());
        config.alpn_protocols = alpn.collect();
        config
    }

    pub(super) async fn connect(&self, address: SocketAddr) -> io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(address).await?;
        let name = ServerName::try_from(NAME).unwrap();
        let connector = TlsConnector::from(Arc::new(self.config()));
        connector.connect(name, stream).await
    }

    /// The reply to a request in the protocol that the server chose, by a connection of its own.
    pub(super) async fn get(
        &self,
        address: SocketAddr,
        path: &str,
    ) -> Result<Response<Incoming>, Box<dyn std::error::Error>> {
        let stream = self.connect(address).await?;
        let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let stream = TokioIo::new(stream);
        let request = Request::get(format!("https://{NAME}{path}"));
        let request = request.header("host", NAME);
        // Anybody may say so.
        let request = request.header("x-forwarded-client-cert", "Hash=00;DNS=admin.test");
        let request = request.body(Empty::<Bytes>::new())?;
        if is_h2 {
            let (mut requests, connection) = http2::handshake(TokioExecutor::new(), stream).await?;
            tokio::spawn(connection);
            return Ok(requests.send_request(request).await?);
        }
        let (mut requests, connection) = http1::handshake(stream).await?;
        tokio::spawn(connection);
        Ok(requests.send_request(request).await?)
    }

    /// A channel of generated clients, over one connection.
    pub(super) async fn channel(&self, address: SocketAddr) -> Channel {
        let mut connection = self.connect(address).await.ok().map(TokioIo::new);
        let connector = tower::service_fn(move |_: Uri| {
            let connection = connection.take().ok_or("there is one connection");
            std::future::ready(connection)
        });
        let endpoint = Endpoint::from_static("http://edge.test");
        endpoint.connect_with_connector(connector).await.unwrap()
    }
}

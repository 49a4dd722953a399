//! Servers in TLS, as the client stack finds them.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::Full;
use net::client::{Call, Channel, Describe, EndpointConfig, Health, Unconnected};
use net::random::Random;
use net::telemetry::Telemetry;
use net::tls::{Client, PemFile};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tonic::{Code, Status};
use tracing_subscriber::fmt::MakeWriter;

const SAY_HELLO: &str = "/greeter.v1.Greeter/SayHello";

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, name.to_owned());
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn params(name: &str) -> CertificateParams {
    CertificateParams::new([name.to_owned()]).unwrap()
}

/// A server with this certificate that chooses this protocol and answers every call, and tells to
/// which URI it came.
async fn greeter(
    authority: &Authority,
    params: &CertificateParams,
    alpn: &[u8],
) -> (SocketAddr, mpsc::UnboundedReceiver<Uri>) {
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    config.alpn_protocols = vec![alpn.to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, came) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut connection = h2::server::handshake(stream).await.unwrap();
            let tell = tell.clone();
            tokio::spawn(async move {
                while let Some(Ok((request, mut respond))) = connection.accept().await {
                    tell.send(request.uri().clone()).unwrap();
                    let response = http::Response::builder().header("grpc-status", "0");
                    let response = response.body(()).unwrap();
                    respond.send_response(response, true).unwrap();
                }
            });
        }
    });
    (address, came)
}

/// A channel that believes this authority.
fn channel(url: &str, authority: &Authority) -> Channel {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, authority.pem()).unwrap();
    let unconnected = Unconnected {
        service: "greeter".into(),
        caller: "test",
        credentials: None,
        describe: Describe::default(),
        tls: Some(Client::new(Some(PemFile::new("--ca", path)), None).unwrap()),
        longest: None,
        metrics: Telemetry::detached().client_metrics(),
        random: Random::seeded(1),
        health: Health::default(),
        failing: EndpointConfig::default(),
    };
    unconnected.to(Some(url.parse().unwrap()))
}

async fn say_hello(channel: &Channel) -> Status {
    let mut request = Request::new(Full::new(Bytes::from_static(&[0; 5])));
    *request.uri_mut() = SAY_HELLO.parse().unwrap();
    let response = channel.send(request, Call::unary(SAY_HELLO)).await;
    Status::from_header_map(response.headers()).unwrap_or_else(|| Status::ok(""))
}

#[tokio::test]
async fn a_server_that_proves_its_name_is_called_by_it() {
    let authority = authority("ours");
    let (address, mut came) = greeter(&authority, &params("127.0.0.1"), b"h2").await;
    let channel = channel(&format!("https://{address}"), &authority);
    for _ in 0..2 {
        assert_eq!(say_hello(&channel).await.code(), Code::Ok);
        let uri = came.recv().await.unwrap();
        assert_eq!(uri.to_string(), format!("https://{address}{SAY_HELLO}"));
    }
}

/// What is logged, for people.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;

    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

#[tokio::test]
async fn a_server_that_is_not_believed_does_not_answer_and_the_log_says_why() {
    let (ours, other) = (authority("ours"), authority("other"));
    let mut expired = params("127.0.0.1");
    expired.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain_address = plain.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = plain.accept().await.unwrap();
        let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 \r\n\r\n").await;
    });
    let at = async |authority, params, alpn| greeter(authority, params, alpn).await.0;
    for (address, why) in [
        (
            at(&other, &params("127.0.0.1"), b"h2").await,
            "UnknownIssuer",
        ),
        (
            at(&ours, &params("other.test"), b"h2").await,
            "certificate is only valid for",
        ),
        (at(&ours, &expired, b"h2").await, "certificate expired"),
        (
            at(&ours, &params("127.0.0.1"), b"http/1.1").await,
            "does not choose HTTP/2",
        ),
        (plain_address, "the server does not speak it"),
    ] {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(log.clone())
            .with_ansi(false);
        let status = {
            let _logged = tracing::subscriber::set_default(subscriber.finish());
            say_hello(&channel(&format!("https://{address}"), &ours)).await
        };
        let told = (status.code(), status.message());
        assert_eq!(told, (Code::Unavailable, "greeter does not answer"));
        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        for part in ["service=\"greeter\"", &address.to_string(), why] {
            assert!(log.contains(part), "{part} is not in {log}");
        }
    }
}

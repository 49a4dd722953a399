//! Upstreams in TLS.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use edge::generic::{Access, Config, Servers, Tls};
use net::StartError;
use runtime::testbed::Testbed;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::{Authority, Certified, Folder};
use crate::fixture::{Fixture, error};
use crate::generic::{Book, before};
use crate::upstream::{Answer, Seen, Upstream};
use crate::waiting::eventually;

/// Whose certificate the servers have.
pub(crate) const HOST: &str = "127.0.0.1";
const BOOK: &str = "/v1/shelves/1/books/2";

const MANY: i64 = 200;

/// A name of many packets.
fn long_name() -> String {
    "x".repeat(40_000)
}

fn library(seen: &Seen) -> Answer {
    match seen.path.rsplit('/').next().unwrap() {
        "AddBooks" => {
            assert!(seen.frames.len() > MANY as usize * long_name().len());
            Answer::message(&Book {
                name: "all".into(),
                pages: seen.decode_all::<Book>().len() as i64,
            })
        }
        "WatchSeats" => Answer::messages((0..MANY).map(|pages| Book {
            name: long_name(),
            pages,
        })),
        _ => {
            let Book { name, .. } = seen.decode();
            Answer::message(&Book { name, pages: 300 })
        }
    }
}

/// An edge in front of a library that has this certificate.
async fn in_front_of(own: &Certified, of_clients: Option<&Authority>, tls: Tls) -> Fixture {
    let upstream = Upstream::start(library).await;
    let address = terminate(own, of_clients, upstream.address).await;
    before(upstream, Access::Public, |config| {
        let upstream = format!("library.v1.Library=https://{address}");
        config.servers.upstream = vec![upstream.parse().unwrap()];
        config.servers.tls = tls;
    })
    .await
}

/// As the flags have them.
pub(crate) fn tls(ca: &Path, own: Option<(&Path, &Path)>) -> Tls {
    let file = |path: &Path| path.to_str().unwrap().parse().unwrap();
    Tls {
        upstream_ca: vec![file(ca)],
        upstream_certificate: own.iter().map(|(path, _)| file(path)).collect(),
        upstream_key: own.iter().map(|(_, path)| file(path)).collect(),
    }
}

async fn status(fixture: &Fixture) -> u16 {
    fixture.get(BOOK).await.status().as_u16()
}

/// TLS in front of a server, with this certificate; clients have to be of that authority, if there is
/// one.
pub(crate) async fn terminate(
    own: &Certified,
    of_clients: Option<&Authority>,
    upstream: SocketAddr,
) -> SocketAddr {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = match of_clients {
        None => WebPkiClientVerifier::no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            let pem = authority.pem();
            let authority = CertificateDer::from_pem_slice(pem.as_bytes());
            roots.add(authority.unwrap()).unwrap();
            let (roots, provider) = (Arc::new(roots), provider.clone());
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
            verifier.build().unwrap()
        }
    };
    let certificate = CertificateDer::from_pem_slice(own.certificate.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate.unwrap()], key.unwrap())
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut outside) = acceptor.accept(stream).await else {
                    return;
                };
                let mut inside = TcpStream::connect(upstream).await.unwrap();
                // Whoever closes first ends it.
                let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn an_upstream_that_asks_for_a_certificate_gets_the_gateways_own() {
    let (servers, clients, folder) = (Authority::new(), Authority::new(), Folder::new());
    let ca = folder.put("ca.crt", &servers.pem());
    let (certificate, key) = folder.put_certified(&clients.certifies("edge.test"));
    let own = servers.certifies(HOST);
    let shown = tls(&ca, Some((&certificate, &key)));
    let fixture = in_front_of(&own, Some(&clients), shown).await;
    assert_eq!(status(&fixture).await, 200);

    let nothing = in_front_of(&own, Some(&clients), tls(&ca, None)).await;
    assert_eq!(status(&nothing).await, 503);
    let others = Authority::new();
    let shown = tls(&ca, Some((&certificate, &key)));
    let unknown = in_front_of(&own, Some(&others), shown).await;
    assert_eq!(status(&unknown).await, 503);
}

#[tokio::test]
async fn clients_do_not_learn_why_an_upstream_is_not_believed() {
    let (known, unknown, folder) = (Authority::new(), Authority::new(), Folder::new());
    let ca = folder.put("ca.crt", &known.pem());
    for own in [unknown.certifies(HOST), known.certifies("other.test")] {
        let fixture = in_front_of(&own, None, tls(&ca, None)).await;
        let told = error(fixture.get(BOOK).await).await;
        assert_eq!(told["status"], "UNAVAILABLE");
        assert_eq!(told["message"], "library.v1.Library does not answer");
    }
}

#[tokio::test]
async fn a_new_authority_is_believed_while_the_gateway_runs() {
    let (before, after, folder) = (Authority::new(), Authority::new(), Folder::new());
    let ca = folder.put("ca.crt", &before.pem());
    let fixture = in_front_of(&after.certifies(HOST), None, tls(&ca, None)).await;
    assert_eq!(status(&fixture).await, 503);
    folder.put("ca.crt", &after.pem());
    eventually(async || status(&fixture).await == 200).await;
}

#[tokio::test]
async fn flags_that_fit_no_upstream_or_no_file_are_told() {
    let folder = Folder::new();
    let ca = folder.put("ca.crt", &Authority::new().pem());
    let ca = ca.to_str().unwrap();
    let missing = folder.put("there", "").with_file_name("missing");
    let missing = missing.to_str().unwrap();
    let (secure, plain) = ("a.v1=https://localhost:1", "b.v1=http://localhost:2");
    for (upstreams, ca, key, told) in [
        (
            vec![plain],
            Some(ca.to_owned()),
            None,
            "no --upstream is at https",
        ),
        (
            vec![secure, plain],
            Some(format!("b.v1={ca}")),
            None,
            "--upstream b.v1=http://localhost:2 is not at https",
        ),
        (
            vec![secure],
            Some(format!("c.v1={ca}")),
            None,
            "no --upstream is called c.v1",
        ),
        (
            vec![secure],
            Some(missing.to_owned()),
            None,
            "--upstream-ca",
        ),
        (
            vec![secure],
            Some(ca.to_owned()),
            Some(ca.to_owned()),
            "--upstream-certificate: a.v1=https://localhost:1 has only a key",
        ),
    ] {
        let node = Testbed::new().node("edge").await;
        let config = Config {
            servers: Servers {
                upstream: upstreams.iter().map(|one| one.parse().unwrap()).collect(),
                tls: Tls {
                    upstream_ca: ca.iter().map(|file| file.parse().unwrap()).collect(),
                    upstream_key: key.iter().map(|file| file.parse().unwrap()).collect(),
                    ..Tls::default()
                },
                ..Servers::default()
            },
            access: Access::Public,
            forward_authorization: false,
            jwt: gateway::jwt::Config::default(),
        };
        let built = edge::generic::build(config, edge::Config::default(), &node).await;
        match built {
            Err(StartError::Config(mistakes)) => {
                assert!(mistakes.concat().contains(told), "{mistakes:?}");
            }
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("it starts: {told}"),
        }
    }
}

#[tokio::test]
async fn megabytes_pass_through_an_upstream_in_tls_either_way() {
    let (authority, folder) = (Authority::new(), Folder::new());
    let ca = folder.put("ca.crt", &authority.pem());
    let fixture = in_front_of(&authority.certifies(HOST), None, tls(&ca, None)).await;
    let book = json!({"note": long_name()}).to_string() + "\n";
    let request = fixture.request("POST", "/v1/shelves/1/books:add");
    let request = request.header("content-type", "application/x-ndjson");
    let reply = request.body(book.repeat(MANY as usize)).send().await;
    let reply: Value = reply.unwrap().json().await.unwrap();
    assert_eq!(reply["pages"], MANY.to_string());

    let request = fixture.request("GET", "/v1/shelves/1/seats");
    let request = request.header("accept", "application/x-ndjson");
    let lines = request.send().await.unwrap().text().await.unwrap();
    let books = lines.lines().filter(|line| line.contains(&long_name()));
    assert_eq!(books.count(), MANY as usize);
}

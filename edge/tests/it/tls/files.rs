//! Files of certificates and keys: at the start, and when they change.

use contracts::tradewind::orders::v1::orders_service_client::OrdersServiceClient;
use contracts::tradewind::orders::v1::{OrderEvent, WatchOrderRequest, WatchOrderResponse};
use edge::Config;
use futures::StreamExt as _;
use net::StartError;
use prost::Message as _;
use runtime::testbed::Testbed;
use tokio::sync::watch;
use tonic::Request;

use super::client::{Client, NAME};
use super::door::{start, with};
use super::{Authority, Folder};
use crate::fixture::Fixture;
use crate::upstream::{Answer, Seen, Upstream};
use crate::waiting::eventually;

/// What is told of settings that nothing starts with.
async fn refused(config: Config) -> Vec<String> {
    let node = Testbed::new().node("edge").await;
    match edge::build(config, edge::TrustedIssuers::default(), &node).await {
        Err(StartError::Config(mistakes)) => mistakes,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it starts"),
    }
}

#[tokio::test]
async fn wrong_files_are_told_with_their_flags_and_nothing_starts() {
    let (authority, folder) = (Authority::new(), Folder::new());
    let (ours, theirs) = (authority.certifies(NAME), authority.certifies(NAME));
    let right = with(&folder, &ours);
    let other_key = folder.put("other.key", &theirs.key);
    let empty = folder.put("empty.pem", "nothing\n");
    let missing = folder.put("there", "").with_file_name("missing");

    let mut config = right.clone();
    config.tls.tls_key = Some(other_key.clone());
    let told = refused(config).await.join("\n");
    for part in [
        "--tls-key",
        "other.key: not the key of --tls-certificate",
        "tls.crt",
    ] {
        assert!(told.contains(part), "{told}");
    }

    let mut config = right.clone();
    config.tls.tls_certificate = Some(empty.clone());
    config.tls.tls_key = Some(missing);
    config.tls.tls_client_ca = Some(empty);
    let told = refused(config).await;
    assert_eq!(told.len(), 3, "{told:?}");
    for (told, parts) in told.iter().zip([
        ["--tls-certificate", "empty.pem: no certificate in it"],
        ["--tls-key", "missing: No such file"],
        ["--tls-client-ca", "-----BEGIN CERTIFICATE-----"],
    ]) {
        assert!(parts.iter().all(|part| told.contains(part)), "{told}");
    }

    // Exchanged.
    let mut config = right.clone();
    let tls = &mut config.tls;
    std::mem::swap(&mut tls.tls_certificate, &mut tls.tls_key);
    let told = refused(config).await.join("\n");
    assert!(told.contains("no certificate in it"), "{told}");
    assert!(
        told.contains("no private key without a passphrase"),
        "{told}"
    );

    let mut config = right;
    config.tls.tls_key = None;
    let told = refused(config).await.join("\n");
    assert!(told.contains("one needs the other"), "{told}");
}

#[tokio::test]
async fn new_certificates_are_shown_to_new_connections_and_streams_go_on() {
    let (first, second, folder) = (Authority::new(), Authority::new(), Folder::new());
    let config = with(&folder, &first.certifies(NAME));
    let (say, said) = watch::channel(1);
    let events = move |_: &Seen| {
        let mut said = said.clone();
        let events = async_stream::stream! {
            loop {
                let event = OrderEvent {
                    sequence: *said.borrow_and_update(),
                    ..OrderEvent::default()
                };
                yield Ok(WatchOrderResponse { event: Some(event) }.encode_to_vec());
                if said.changed().await.is_err() {
                    return;
                }
            }
        };
        Answer::Stream(events.boxed())
    };
    let fixture = Fixture::before(Upstream::start(events).await, config).await;
    let connect = async |authority| Client::of(authority).connect(fixture.address).await;

    let channel = Client::of(&first).channel(fixture.address).await;
    let mut orders = OrdersServiceClient::new(channel);
    let mut request = Request::new(WatchOrderRequest {
        order_id: "o-1".into(),
        ..WatchOrderRequest::default()
    });
    let token = format!("Bearer {}", fixture.token(&["user"]));
    let token = token.parse().unwrap();
    request.metadata_mut().insert("authorization", token);
    let mut stream = orders.watch_order(request).await.unwrap().into_inner();
    let mut next = async || stream.message().await.unwrap().unwrap().event.unwrap();
    assert_eq!(next().await.sequence, 1);

    folder.put_certified(&second.certifies(NAME));
    eventually(async || connect(&first).await.is_err()).await;
    connect(&second).await.unwrap();
    say.send_replace(2);
    assert_eq!(next().await.sequence, 2);
}

#[tokio::test]
async fn metrics_tell_when_the_certificate_ends() {
    let (authority, folder) = (Authority::new(), Folder::new());
    let certified = authority.certifies_with(NAME, |params| {
        params.not_after = rcgen::date_time_ymd(2100, 1, 1);
    });
    let fixture = start(with(&folder, &certified)).await;
    let ends = fixture.metric("edge_tls_certificate_expiry_seconds", &[]);
    assert_eq!(ends, Some(4_102_444_800.0));
}

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bus::Event;
use contracts::tradewind::auth::v1::{
    GetJwksResponse, IssueWorkloadTokenRequest, IssueWorkloadTokenResponse,
    ListRevocationsResponse, Revocation as Told, SessionsRevoked,
};
use net::clock::Clock;
use net::random::Random;
use net::telemetry::Telemetry;
use prost::Message as _;
use runtime::host::{Host, HostConfig};
use runtime::identity::{AssertionClaims, Signer, VerifyingKeys, WorkloadClaims};
use runtime::service::Service;
use runtime::status::Reason;
use runtime::testbed::Testbed;
use tonic::Code;
use uuid::Uuid;

use crate::dummy::{self, Asked, bearer, call, fine, handler};
use crate::tokens::access;

const LIST_ORDERS: &str = "/tradewind.orders.v1.OrdersService/ListOrders";

/// A mesh with a session of a user, and a way to list orders in it.
async fn orders() -> (Testbed, Uuid, impl AsyncFn(&Testbed) -> dummy::Reply) {
    let mut testbed = Testbed::new();
    let node = testbed.node("svc-orders").await;
    // As svc-auth does, so that revocations are followed.
    node.identity
        .set_revocation_source(|| Box::pin(async { Ok(Vec::new()) }));
    let service = Service::new(&node).with(dummy::Orders(fine()));
    testbed.serve(&node, service).unwrap();
    testbed.start().await;
    let session_id = Uuid::from_u128(42);
    let token = bearer(&testbed.access_token(Uuid::nil(), session_id, &["user"]));
    let list = async move |testbed: &Testbed| {
        let channel = testbed.channel("svc-orders");
        call(&channel, LIST_ORDERS, &[], &[("authorization", &token)]).await
    };
    (testbed, session_id, list)
}

pub(crate) fn revoked(session_id: Uuid) -> Event {
    let data = SessionsRevoked {
        session_ids: vec![session_id.to_string()],
        revoke_time: None,
        forget_time: None,
    };
    Event {
        id: Random::system().uuid7(&Clock::system()),
        subject: "auth.v1.SessionsRevoked".into(),
        source: "svc-auth".into(),
        aggregate_id: session_id.to_string(),
        version: 1,
        time: Clock::system().now(),
        data: data.encode_to_vec().into(),
        trace: Vec::new(),
        publication: 0,
    }
}

#[tokio::test]
async fn a_session_ends_for_tokens_that_were_verified_before() {
    let (mut testbed, session_id, list) = orders().await;
    assert_eq!(list(&testbed).await.code(), Code::Ok);
    let bus = testbed.host().bus().clone();
    bus.publish(&revoked(session_id), 1).await.unwrap();
    let ended = async {
        loop {
            let reply = list(&testbed).await;
            if reply.code() == Code::Unauthenticated {
                return reply;
            }
        }
    };
    let reply = tokio::time::timeout(Duration::from_secs(1), ended)
        .await
        .expect("it goes on");
    assert_eq!(reply.reason(), Some(Reason::SessionRevoked));
}

/// Plays svc-auth: gives its keys, tokens for assertions, and one revocation.
struct Authority {
    signers: Mutex<Vec<Signer>>,
    workload_keys: VerifyingKeys,
    revoked: Uuid,
    fetches: AtomicUsize,
}

impl Authority {
    fn answer(&self, asked: &Asked) -> Result<Vec<u8>, tonic::Status> {
        let clock = Clock::system();
        let now = clock.now().timestamp();
        let signers = self.signers.lock().unwrap();
        match asked.path.rsplit('/').next().unwrap() {
            "GetJwks" => {
                self.fetches.fetch_add(1, Ordering::SeqCst);
                let keys = signers.iter().map(Signer::jwk).collect();
                Ok(GetJwksResponse { keys }.encode_to_vec())
            }
            "IssueWorkloadToken" => {
                let request = IssueWorkloadTokenRequest::decode(asked.message.clone()).unwrap();
                let claims: AssertionClaims = self
                    .workload_keys
                    .verify(&request.client_assertion, None, "tradewind", now)
                    .map_err(tonic::Status::from)?;
                let workload_token = signers[0].sign(&WorkloadClaims {
                    iss: "tradewind".into(),
                    aud: "tradewind".into(),
                    sub: claims.sub,
                    iat: now,
                    exp: now + 3600,
                });
                Ok(IssueWorkloadTokenResponse {
                    workload_token,
                    expires_in: 3600,
                }
                .encode_to_vec())
            }
            "ListRevocations" => {
                assert_eq!(asked.call.caller.workload.as_deref(), Some("svc-orders"));
                let session_id = self.revoked.to_string();
                let revocations = vec![Told {
                    session_id,
                    ..Default::default()
                }];
                let reply = ListRevocationsResponse {
                    revocations,
                    ..Default::default()
                };
                Ok(reply.encode_to_vec())
            }
            other => panic!("{other}"),
        }
    }
}

/// svc-auth in one host, svc-orders in another, as in two processes.
async fn two_processes() -> (Arc<Authority>, Testbed, Host) {
    let random = Random::system();
    let workload_key = Signer::generate("svc-orders", &random);
    let mut auth = Testbed::new();
    let authority = Arc::new(Authority {
        signers: Mutex::new(vec![auth.signer().clone()]),
        workload_keys: VerifyingKeys::new(&[workload_key.jwk()]).unwrap(),
        revoked: Uuid::from_u128(13),
        fetches: AtomicUsize::new(0),
    });
    let node = auth.node("svc-auth").await;
    let answers = authority.clone();
    let play = handler(move |asked| {
        let reply = answers.answer(&asked);
        async move { reply }
    });
    let service = Service::new(&node).with(dummy::Auth(play));
    auth.serve(&node, service).unwrap();
    auth.start().await;

    let mut config = HostConfig::new(Telemetry::detached(), bus::Bus::in_process());
    config.mesh = auth.mesh().clone();
    let mut host = Host::new(config);
    let listener = host
        .bind("svc-orders", "127.0.0.1:0".parse().unwrap(), "")
        .await
        .unwrap();
    let node = host.node("svc-orders", Some(workload_key));
    let service = Service::new(&node).with(dummy::Orders(fine()));
    host.serve(&node, service, listener).unwrap();
    host.start();
    let ready = host.readiness().ready();
    tokio::time::timeout(Duration::from_secs(5), ready)
        .await
        .expect("it does not get ready");
    (authority, auth, host)
}

#[tokio::test]
async fn a_process_that_starts_later_knows_who_has_left() {
    let (_authority, auth, _host) = two_processes().await;
    let channel = auth.channel("svc-orders");
    let list = async |session: u128| {
        let session_id = Uuid::from_u128(session);
        let token = bearer(&auth.access_token(Uuid::nil(), session_id, &["user"]));
        call(&channel, LIST_ORDERS, &[], &[("authorization", &token)]).await
    };
    assert_eq!(list(12).await.code(), Code::Ok);
    let left = list(13).await;
    assert_eq!(left.code(), Code::Unauthenticated);
    assert_eq!(left.reason(), Some(Reason::SessionRevoked));
}

#[tokio::test]
async fn nobody_is_let_in_before_it_is_known_who_has_left() {
    let signer = Signer::generate("auth", &Random::system());
    let config = HostConfig::new(Telemetry::detached(), bus::Bus::in_process());
    let mut host = Host::new(config);
    let node = host.node("svc-auth", None);
    node.identity.install_keys(&[signer.jwk()]).unwrap();
    let (answer, answered) = tokio::sync::watch::channel(false);
    node.identity.set_revocation_source(move || {
        let mut answered = answered.clone();
        Box::pin(async move {
            answered.wait_for(|answered| *answered).await.unwrap();
            Ok(Vec::new())
        })
    });
    host.start();
    let token = access(&signer, &Clock::system(), Uuid::nil());
    let early = node.identity.verify_user(&token).await.unwrap_err();
    assert_eq!(early.reason(), Reason::DependencyUnavailable);

    answer.send_replace(true);
    let ready = host.readiness().ready();
    tokio::time::timeout(Duration::from_secs(5), ready)
        .await
        .expect("it does not get ready");
    node.identity.verify_user(&token).await.unwrap();
    let metrics = node.telemetry.prometheus();
    let up = ops::value(
        &metrics,
        "tradewind_dependency_up",
        &[("dependency", "tokens")],
    );
    assert_eq!(up, Some(1.0));
}

#[tokio::test]
async fn a_session_that_ends_while_the_others_are_read_ends_at_once() {
    let config = HostConfig::new(Telemetry::detached(), bus::Bus::in_process());
    let mut host = Host::new(config);
    let node = host.node("svc-auth", None);
    let (asked, mut asks) = tokio::sync::mpsc::unbounded_channel();
    node.identity.set_revocation_source(move || {
        asked.send(()).unwrap();
        // As long as svc-auth is away.
        Box::pin(std::future::pending())
    });
    host.start();
    asks.recv().await.unwrap();
    let session_id = Uuid::from_u128(7);
    host.bus().publish(&revoked(session_id), 1).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), node.identity.revoked(session_id))
        .await
        .expect("it waits for the others");
}

#[tokio::test]
async fn a_new_key_is_fetched_when_its_first_token_comes_but_not_for_every_stranger() {
    let (authority, auth, host) = two_processes().await;
    let channel = auth.channel("svc-orders");
    let list = async |token: String| {
        call(
            &channel,
            LIST_ORDERS,
            &[],
            &[("authorization", &bearer(&token))],
        )
        .await
    };
    let clock = Clock::system();
    let rotated = Signer::generate("rotated", &Random::system());
    authority.signers.lock().unwrap().push(rotated.clone());
    assert_eq!(authority.fetches.load(Ordering::SeqCst), 1);
    // Unknown keys are looked up at most every five seconds, counted from the first fetch.
    let stranger = Signer::generate("stranger", &Random::system());
    for _ in 0..20 {
        let reply = list(access(&stranger, &clock, Uuid::nil())).await;
        assert_eq!(reply.reason(), Some(Reason::TokenInvalid));
    }
    assert!(authority.fetches.load(Ordering::SeqCst) <= 2);
    let known = async {
        while list(access(&rotated, &clock, Uuid::nil())).await.code() != Code::Ok {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), known)
        .await
        .expect("the key stays unknown");
    // The last good keys stay when svc-auth is gone.
    let good = auth.access_token(Uuid::nil(), Uuid::nil(), &["user"]);
    let address = channel.clone();
    auth.stop().await;
    let reply = call(
        &address,
        LIST_ORDERS,
        &[],
        &[("authorization", &bearer(&good))],
    )
    .await;
    assert_eq!(reply.code(), Code::Ok, "{reply:?}");
    host.stop(false).await;
}

#[tokio::test]
async fn a_workload_gets_its_token_although_svc_auth_is_bound_after_it() {
    let random = Random::system();
    let workload_key = Signer::generate("svc-users", &random);
    let signer = Signer::generate("auth", &random);
    let mut host = Host::new(HostConfig::new(
        Telemetry::detached(),
        bus::Bus::in_process(),
    ));
    let users = host.node("svc-users", Some(workload_key.clone()));
    tokio::task::yield_now().await;
    let listener = host
        .bind("svc-auth", "127.0.0.1:0".parse().unwrap(), "")
        .await
        .unwrap();
    let node = host.node("svc-auth", None);
    node.identity.install_keys(&[signer.jwk()]).unwrap();
    node.identity.set_own_signer(signer.clone());
    node.identity
        .set_revocation_source(|| Box::pin(async { Ok(Vec::new()) }));
    let authority = Authority {
        signers: Mutex::new(vec![signer]),
        workload_keys: VerifyingKeys::new(&[workload_key.jwk()]).unwrap(),
        revoked: Uuid::nil(),
        fetches: AtomicUsize::new(0),
    };
    let play = handler(move |asked| {
        let reply = authority.answer(&asked);
        async move { reply }
    });
    host.serve(&node, Service::new(&node).with(dummy::Auth(play)), listener)
        .unwrap();
    host.start();
    let ready = host.readiness().ready();
    tokio::time::timeout(Duration::from_secs(5), ready)
        .await
        .expect("it does not get ready");
    let token = users.identity.own_token().await.unwrap().unwrap();
    let token = token.to_str().unwrap().trim_start_matches("Bearer ");
    assert_eq!(
        &*users.identity.verify_workload(token).await.unwrap(),
        "svc-users"
    );
}

//! A user's token that expires while its request is on the way.

use std::time::Duration;

use bus::Bus;
use net::clock::{Clock, ManualClock};
use net::random::Random;
use net::telemetry::Telemetry;
use prost::Message as _;
use runtime::host::HostConfig;
use runtime::identity::{AccessClaims, Signer, VerifyError};
use runtime::node::Node;
use runtime::service::Service;
use runtime::status::{Reason, of_callee};
use runtime::testbed::{Testbed, patient};
use tonic::Code;
use uuid::Uuid;

use crate::dummy::{self, Reply, bearer, call, fine, handler};
use crate::identity::revoked;

const LIST_ORDERS: &str = "/tradewind.orders.v1.OrdersService/ListOrders";
const WATCH_ORDER: &str = "/tradewind.orders.v1.OrdersService/WatchOrder";
const GET_ME: &str = "/tradewind.users.v1.UsersService/GetMe";
const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
/// How long the test bed's access tokens hold.
const LIFE: Duration = Duration::from_secs(15 * 60);
const GRACE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// svc-orders, on a clock of the test's.
struct Mesh {
    testbed: Testbed,
    node: Node,
    clock: Clock,
    hands: ManualClock,
}

impl Mesh {
    async fn start() -> Mesh {
        let (clock, hands) = Clock::manual("2026-01-01T00:00:00Z".parse().unwrap());
        let config = patient(Telemetry::detached(), Bus::in_process());
        let mut testbed = Testbed::with(HostConfig {
            clock: clock.clone(),
            ..config
        });
        let node = testbed.node("svc-orders").await;
        node.identity
            .set_revocation_source(|| Box::pin(async { Ok(Vec::new()) }));
        let service = Service::new(&node).with(dummy::Orders(fine()));
        testbed.serve(&node, service).unwrap();
        testbed.start().await;
        Mesh {
            testbed,
            node,
            clock,
            hands,
        }
    }

    fn token(&self, session: u128) -> String {
        let session = Uuid::from_u128(session);
        self.testbed.access_token(Uuid::nil(), session, &["user"])
    }

    async fn ask(&self, path: &str, user: &str, workload: Option<&str>) -> Reply {
        let (user, workload) = (bearer(user), workload.map(bearer));
        let mut metadata = vec![("authorization", &*user)];
        if let Some(workload) = &workload {
            metadata.push(("x-workload-authorization", workload));
        }
        call(&self.testbed.channel("svc-orders"), path, &[], &metadata).await
    }

    async fn list(&self, user: &str) -> Reply {
        let edge = self.testbed.workload_token("edge");
        self.ask(LIST_ORDERS, user, Some(&edge)).await
    }
}

fn assert_refused(reply: &Reply, reason: Reason) {
    assert_eq!(reply.code(), Code::Unauthenticated, "{reply:?}");
    assert_eq!(reply.reason(), Some(reason), "{reply:?}");
}

#[tokio::test]
async fn a_workload_may_bring_a_users_token_for_a_minute_after_it_expired() {
    let mesh = Mesh::start().await;
    let (seen, unseen, late) = (mesh.token(1), mesh.token(2), mesh.token(3));
    assert_eq!(mesh.list(&seen).await.code(), Code::Ok);
    mesh.hands.advance(LIFE + GRACE - SECOND);
    for token in [&seen, &unseen] {
        assert_eq!(mesh.list(token).await.code(), Code::Ok);
    }
    mesh.hands.advance(SECOND);
    for token in [&seen, &unseen, &late] {
        assert_refused(&mesh.list(token).await, Reason::TokenExpired);
    }
}

#[tokio::test]
async fn without_a_workload_that_is_one_a_token_holds_no_second_longer() {
    let mesh = Mesh::start().await;
    let token = mesh.token(1);
    mesh.hands.advance(LIFE);
    let edge = mesh.testbed.workload_token("edge");
    assert_eq!(mesh.list(&token).await.code(), Code::Ok);
    // Although it was taken just now.
    let alone = mesh.ask(LIST_ORDERS, &token, None).await;
    assert_refused(&alone, Reason::TokenExpired);
    // What the edge asks is as strict as ever.
    let at_the_edge = mesh.node.identity.verify_user(&token).await;
    assert_eq!(at_the_edge, Err(VerifyError::Expired));

    for workload in [&token, "garbage"] {
        let reply = mesh.ask(LIST_ORDERS, &token, Some(workload)).await;
        assert_eq!(reply.code(), Code::Unauthenticated, "{reply:?}");
    }
    mesh.hands.advance(Duration::from_secs(60 * 60));
    let good = mesh.token(2);
    let reply = mesh.ask(LIST_ORDERS, &good, Some(&edge)).await;
    assert_refused(&reply, Reason::TokenExpired);
}

#[tokio::test]
async fn no_stream_begins_with_a_token_that_has_expired() {
    let mesh = Mesh::start().await;
    let token = mesh.token(1);
    mesh.hands.advance(LIFE);
    let edge = mesh.testbed.workload_token("edge");
    assert_eq!(mesh.list(&token).await.code(), Code::Ok);
    for path in [WATCH_ORDER, REFLECTION] {
        let reply = mesh.ask(path, &token, Some(&edge)).await;
        assert_refused(&reply, Reason::TokenExpired);
    }
}

#[tokio::test]
async fn a_session_that_ended_is_not_given_the_minute() {
    let mesh = Mesh::start().await;
    let token = mesh.token(42);
    mesh.hands.advance(LIFE);
    assert_eq!(mesh.list(&token).await.code(), Code::Ok);
    let event = revoked(Uuid::from_u128(42));
    mesh.node.bus.publish(&event, 1).await.unwrap();
    let known = mesh.node.identity.revoked(Uuid::from_u128(42));
    tokio::time::timeout(Duration::from_secs(10), known)
        .await
        .expect("nobody hears of it");
    assert_refused(&mesh.list(&token).await, Reason::SessionRevoked);
}

#[tokio::test]
async fn within_the_minute_a_token_is_verified_as_ever() {
    let mesh = Mesh::start().await;
    let stranger = Signer::generate("test", &Random::system());
    let now = mesh.clock.now().timestamp();
    let claims = |iss: &str, aud: &str| AccessClaims {
        iss: iss.into(),
        aud: aud.into(),
        sub: Uuid::nil(),
        sid: Uuid::nil(),
        roles: vec!["user".into()],
        iat: now,
        exp: now,
        jti: Uuid::nil(),
        pat: false,
    };
    let ours = mesh.testbed.signer();
    let good = ours.sign(&claims("tradewind", "tradewind"));
    assert_eq!(mesh.list(&good).await.code(), Code::Ok);
    for token in [
        stranger.sign(&claims("tradewind", "tradewind")),
        ours.sign(&claims("tradewind", "another")),
        ours.sign(&claims("another", "tradewind")),
    ] {
        assert_refused(&mesh.list(&token).await, Reason::TokenInvalid);
    }
}

/// svc-orders asks svc-users in its handler, `late` after the call came.
async fn chain(late: Duration) -> (Mesh, Node) {
    let (clock, hands) = Clock::manual("2026-01-01T00:00:00Z".parse().unwrap());
    let mut testbed = Testbed::with_clock(clock.clone());
    let users = testbed.node("svc-users").await;
    let service = Service::new(&users).with(dummy::Users(fine()));
    testbed.serve(&users, service).unwrap();
    let orders = testbed.node("svc-orders").await;
    let (channel, moves) = (orders.channel("svc-users"), hands.clone());
    let list = handler(move |_| {
        let (channel, moves) = (channel.clone(), moves.clone());
        async move {
            moves.advance(late);
            let reply = call(&channel, GET_ME, &[], &[]).await;
            match reply.code() {
                Code::Ok => Ok(Vec::new()),
                _ => Err(of_callee(&reply.status)),
            }
        }
    });
    let service = Service::new(&orders).with(dummy::Orders(list));
    testbed.serve(&orders, service).unwrap();
    testbed.start().await;
    let mesh = Mesh {
        testbed,
        node: users,
        clock,
        hands,
    };
    (mesh, orders)
}

#[tokio::test]
async fn a_token_that_expires_while_a_handler_works_is_good_for_its_callees() {
    let (mesh, _) = chain(LIFE + GRACE - SECOND).await;
    let reply = mesh.list(&mesh.token(1)).await;
    assert_eq!(reply.code(), Code::Ok, "{reply:?}");
}

#[tokio::test]
async fn a_callee_that_does_not_take_the_users_token_any_more_is_heard_by_the_user() {
    let (mesh, _) = chain(LIFE + GRACE).await;
    let reply = mesh.list(&mesh.token(1)).await;
    assert_refused(&reply, Reason::TokenExpired);
}

#[tokio::test]
async fn a_callee_that_does_not_believe_the_workload_is_no_matter_of_the_users() {
    let (mesh, orders) = chain(Duration::ZERO).await;
    assert_eq!(mesh.list(&mesh.token(1)).await.code(), Code::Ok);
    let stranger = Signer::generate("test", &Random::system());
    orders.identity.set_own_signer(stranger);
    let reply = mesh.list(&mesh.token(1)).await;
    assert_eq!(reply.code(), Code::Unavailable, "{reply:?}");
    assert_eq!(reply.reason(), Some(Reason::DependencyUnavailable));
    assert!(reply.message.encode_to_vec().is_empty());
}

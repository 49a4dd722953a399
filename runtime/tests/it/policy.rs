use std::sync::Arc;
use std::time::Duration;

use net::clock::Clock;
use net::random::Random;
use runtime::contract::{Access, Contract};
use runtime::identity::Signer;
use runtime::service::Service;
use runtime::status::Reason;
use runtime::testbed::Testbed;
use tonic::Code;
use uuid::Uuid;

use crate::dummy::{self, bearer, call, fine};

const ALL: [&str; 8] = [
    "svc-auth",
    "svc-users",
    "svc-catalog",
    "svc-inventory",
    "svc-orders",
    "svc-shipping",
    "svc-payments",
    "svc-notify",
];

/// All services of the contract behind one port.
async fn mesh(clock: Clock) -> Testbed {
    let mut testbed = Testbed::with_clock(clock);
    let node = testbed.node("svc-all").await;
    let service = Service::new(&node)
        .with(dummy::Auth(fine()))
        .with(dummy::SecondFactor(fine()))
        .with(dummy::AccessTokens(fine()))
        .with(dummy::ExternalIdentities(fine()))
        .with(dummy::Users(fine()))
        .with(dummy::Catalog(fine()))
        .with(dummy::Inventory(fine()))
        .with(dummy::Orders(fine()))
        .with(dummy::Shipping(fine()))
        .with(dummy::Payments(fine()))
        .with(dummy::Sandbox(fine()))
        .with(dummy::Webhooks(fine()))
        .with(dummy::Messages(fine()));
    testbed.serve(&node, service).unwrap();
    testbed.start().await;
    testbed
}

/// A call that got past the policy is answered by validation or by the handler.
fn passed(code: Code) -> bool {
    matches!(code, Code::Ok | Code::InvalidArgument)
}

#[tokio::test]
async fn every_method_refuses_whom_its_contract_does_not_name() {
    let (clock, hands) = Clock::manual("2026-01-01T00:00:00Z".parse().unwrap());
    let testbed = mesh(clock.clone()).await;
    let channel = testbed.channel("svc-all");
    let expired = testbed.access_token(Uuid::nil(), Uuid::nil(), &["user", "admin"]);
    hands.advance(Duration::from_secs(16 * 60));
    let token = |roles: &[&str]| testbed.access_token(Uuid::nil(), Uuid::nil(), roles);
    let (user, admin) = (token(&["user"]), token(&["user", "admin"]));
    let forger = Signer::generate("test", &Random::system());
    let forged = forger.sign(&runtime::identity::WorkloadClaims {
        iss: "tradewind".into(),
        aud: "tradewind".into(),
        sub: "svc-orders".into(),
        iat: 0,
        exp: i64::MAX,
    });
    let mut methods = 0;
    let contract = Contract::tradewind();
    for method in contract
        .methods()
        .filter(|method| method.path.starts_with("/tradewind."))
    {
        methods += 1;
        let path = &*method.path;
        let with = |name: &'static str, token: &str| {
            let (channel, value) = (channel.clone(), bearer(token));
            async move { call(&channel, path, &[], &[(name, &value)]).await }
        };
        let none = call(&channel, path, &[], &[]).await;
        let Some(Access::Alternatives {
            roles, workloads, ..
        }) = &method.access
        else {
            for reply in [none, with("authorization", "garbage").await] {
                assert!(passed(reply.code()), "{path}: {reply:?}");
            }
            continue;
        };
        assert_eq!(none.code(), Code::Unauthenticated, "{path}");
        assert_eq!(none.reason(), Some(Reason::TokenMissing), "{path}");
        for (name, token, reason) in [
            ("authorization", expired.as_str(), Reason::TokenExpired),
            ("authorization", "garbage", Reason::TokenInvalid),
            (
                "authorization",
                &testbed.workload_token("svc-orders"),
                Reason::TokenInvalid,
            ),
            ("x-workload-authorization", &forged, Reason::TokenInvalid),
            ("x-workload-authorization", &admin, Reason::TokenInvalid),
        ] {
            let reply = with(name, token).await;
            assert_eq!(reply.code(), Code::Unauthenticated, "{path} {name} {token}");
            assert_eq!(reply.reason(), Some(reason), "{path} {name} {token}");
        }
        for (role, token) in [("user", &user), ("admin", &admin)] {
            let reply = with("authorization", token).await;
            let allowed = roles
                .iter()
                .any(|one| one == role || (role == "admin" && one == "user"));
            assert_eq!(passed(reply.code()), allowed, "{path} {role}: {reply:?}");
            if !allowed {
                assert_eq!(reply.code(), Code::PermissionDenied, "{path} {role}");
                assert_eq!(reply.reason(), Some(Reason::AccessDenied), "{path} {role}");
            }
        }
        for workload in ALL.into_iter().chain(["edge"]) {
            let token = testbed.workload_token(workload);
            let reply = with("x-workload-authorization", &token).await;
            let allowed = workloads.iter().any(|one| one == "*" || one == workload);
            assert_eq!(
                passed(reply.code()),
                allowed,
                "{path} {workload}: {reply:?}"
            );
        }
    }
    assert!(methods > 30, "{methods}");
}

/// The contracts as they would be if somebody had forgotten who may archive a product.
fn forgetful() -> Contract {
    const CATALOG: &str = "tradewind/catalog/v1/catalog.proto";
    let source = std::fs::read_to_string(format!("../proto/{CATALOG}")).unwrap();
    let (before, method) = source.split_once("rpc ArchiveProduct").unwrap();
    let rule = "option (tradewind.options.v1.access) = {roles: \"admin\"};";
    let without = format!("{before}rpc ArchiveProduct{}", method.replacen(rule, "", 1));
    assert_eq!(without.len(), source.len() - rule.len());

    Contract::of(contract_rules::testing::compile(CATALOG, &without))
}

#[tokio::test]
async fn a_service_with_a_method_that_anybody_might_call_does_not_start() {
    let mut testbed = Testbed::new();
    let mut node = testbed.node("svc-catalog").await;
    node.contract = Arc::new(forgetful());
    let service = Service::new(&node).with(dummy::Catalog(fine()));
    let refused = testbed.serve(&node, service).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "/tradewind.catalog.v1.CatalogService/ArchiveProduct says nothing about access \
         (tradewind.options.v1)"
    );
    assert_ne!(refused.exit_code(), 0);
    let address = testbed.mesh().address("svc-catalog").unwrap().to_string();
    let address = address.strip_prefix("http://").unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_workload_does_not_stand_in_for_a_user_whose_token_does_not_hold() {
    let testbed = mesh(Clock::system()).await;
    let channel = testbed.channel("svc-all");
    let workload = bearer(&testbed.workload_token("svc-orders"));
    let path = "/tradewind.users.v1.UsersService/GetAccount";
    let metadata = [("x-workload-authorization", workload.as_str())];
    assert!(passed(call(&channel, path, &[], &metadata).await.code()));
    let metadata = [metadata[0], ("authorization", "Bearer garbage")];
    assert_eq!(
        call(&channel, path, &[], &metadata).await.code(),
        Code::Unauthenticated
    );
}

#[tokio::test]
async fn health_is_public_and_reflection_wants_any_token() {
    let testbed = mesh(Clock::system()).await;
    let channel = testbed.channel("svc-all");
    let health = call(&channel, "/grpc.health.v1.Health/Check", &[], &[]).await;
    // HealthCheckResponse {status: SERVING}
    assert_eq!(
        (health.code(), &health.message[..]),
        (Code::Ok, &[0x08, 0x01][..])
    );
    for version in ["v1", "v1alpha"] {
        let path = format!("/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo");
        // ServerReflectionRequest {list_services: ""}
        let ask = [0x3a, 0x00];
        let refused = call(&channel, &path, &ask, &[]).await;
        assert_eq!(refused.code(), Code::Unauthenticated);
        let user = bearer(&testbed.access_token(Uuid::nil(), Uuid::nil(), &["user"]));
        let told = call(&channel, &path, &ask, &[("authorization", &user)]).await;
        assert_eq!(told.code(), Code::Ok, "{told:?}");
        let services = String::from_utf8_lossy(&told.message);
        assert!(
            services.contains("tradewind.orders.v1.OrdersService"),
            "{services}"
        );
    }
}

#[tokio::test]
async fn an_unknown_method_is_unimplemented() {
    let testbed = mesh(Clock::system()).await;
    let channel = testbed.channel("svc-all");
    for path in ["/tradewind.chat.v1.ChatService/Say", "/nothing"] {
        assert_eq!(
            call(&channel, path, &[], &[]).await.code(),
            Code::Unimplemented,
            "{path}"
        );
    }
}

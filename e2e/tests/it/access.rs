//! Every method of every service refuses those that the contract does not name.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use e2e::{
    Mesh, Setup, condition::eventually, grpc, mesh::Kind, services::SERVICES, shop::Customer,
};
use futures::StreamExt as _;
use prost::{Message as _, bytes::Bytes};
use runtime::contract::{Access, Contract, Method};
use tonic::{
    Code,
    metadata::{MetadataMap, MetadataValue},
    transport::Channel,
};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

crate::on_both!(
    every_method_refuses_a_caller_without_a_token,
    every_method_refuses_a_user_without_the_role,
    every_method_refuses_a_token_that_is_none,
    every_method_refuses_a_workload_that_the_contract_does_not_name,
);

fn bearer(name: &'static str, token: &str) -> MetadataMap {
    let mut metadata = MetadataMap::new();
    let value = MetadataValue::try_from(format!("Bearer {token}")).expect("a token is ASCII");
    metadata.insert(name, value);
    metadata
}

/// The methods that a server has, by its reflection, with what the contract says of each.
async fn methods(channel: &Channel, token: &str) -> Vec<Arc<Method>> {
    let mut client = ServerReflectionClient::new(channel.clone());
    let list = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut request = tonic::Request::new(futures::stream::iter([list]));
    *request.metadata_mut() = bearer("authorization", token);
    let mut replies = client
        .server_reflection_info(request)
        .await
        .expect("a token opens it")
        .into_inner();
    let reply = replies
        .next()
        .await
        .expect("it answers")
        .expect("it answers");
    let Some(MessageResponse::ListServicesResponse(list)) = reply.message_response else {
        panic!("reflection answered something else: {reply:?}");
    };
    let contract = Contract::tradewind();
    let ours = list
        .service
        .into_iter()
        .filter(|service| service.name.starts_with("tradewind."));
    let methods: Vec<_> = ours
        .flat_map(|service| {
            let service = contract
                .descriptors()
                .get_service_by_name(&service.name)
                .expect("it is in the contract");
            let paths = service
                .methods()
                .map(|method| format!("/{}/{}", service.full_name(), method.name()));
            paths
                .map(|path| {
                    contract
                        .method(&path)
                        .expect("it is in the contract")
                        .clone()
                })
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(!methods.is_empty(), "it serves something");
    methods
}

async fn code(channel: &Channel, path: &str, metadata: MetadataMap) -> Code {
    match grpc::call(channel, path, Bytes::new(), metadata).await {
        Ok(_) => Code::Ok,
        Err(status) => status.code(),
    }
}

/// Calls every method of every service with this metadata and compares what comes of it.
async fn every_method(
    mesh: &Mesh,
    metadata: MetadataMap,
    wanted: impl Fn(&Access) -> Option<Code>,
) {
    let admin = mesh.admin().await;
    let mut seen = BTreeSet::new();
    for service in SERVICES {
        for address in &mesh.grpc[service] {
            let channel = grpc::connect(address).await;
            for method in methods(&channel, admin.token()).await {
                let access = method
                    .access
                    .as_ref()
                    .expect("a method without access is not served");
                let found = code(&channel, &method.path, metadata.clone()).await;
                match wanted(access) {
                    Some(code) => assert_eq!(found, code, "{} at {service}", method.path),
                    None => assert!(
                        !matches!(found, Code::Unauthenticated | Code::PermissionDenied),
                        "{} at {service}: {found:?}",
                        method.path
                    ),
                }
                seen.insert(method.path.clone());
            }
        }
    }
    let all = Contract::tradewind();
    let all: BTreeSet<_> = all
        .methods()
        .map(|method| method.path.clone())
        .filter(|path| path.starts_with("/tradewind."))
        .collect();
    assert_eq!(seen, all, "every method of the contract is served");
}

async fn every_method_refuses_a_caller_without_a_token(mesh: &Mesh) {
    every_method(mesh, MetadataMap::new(), |access| match access {
        // Login and its like refuse an empty request, which is their own business.
        Access::Public => None,
        _ => Some(Code::Unauthenticated),
    })
    .await;
}

async fn every_method_refuses_a_token_that_is_none(mesh: &Mesh) {
    for name in ["authorization", "x-workload-authorization"] {
        every_method(mesh, bearer(name, "nonsense"), |access| match access {
            Access::Public => None,
            _ => Some(Code::Unauthenticated),
        })
        .await;
    }
}

async fn every_method_refuses_a_user_without_the_role(mesh: &Mesh) {
    // A new one for each method would be dear: DeleteMe ends the account, but it is the users'
    // method, and the token stays good for the others until the news is around.
    let buyer = Customer::register(mesh).await;
    let metadata = bearer("authorization", buyer.rest.token());
    let admin = mesh.admin().await;
    for service in SERVICES {
        for address in &mesh.grpc[service] {
            let channel = grpc::connect(address).await;
            for method in methods(&channel, admin.token()).await {
                let Some(Access::Alternatives { roles, .. }) = &method.access else {
                    continue;
                };
                if roles.iter().any(|role| role == "user") {
                    continue;
                }
                let found = code(&channel, &method.path, metadata.clone()).await;
                assert_eq!(
                    found,
                    Code::PermissionDenied,
                    "{} at {service}",
                    method.path
                );
            }
        }
    }
}

/// The token of a mesh whose tokens live for a second, after its end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_method_refuses_an_expired_token() {
    let mut mesh =
        Mesh::start(Setup::new(Kind::Embedded).with("ACCESS_TOKEN_LIFETIME", "1s")).await;
    let buyer = Customer::register(&mesh).await;
    mesh.stop("tradewind").await;
    mesh.set("ACCESS_TOKEN_LIFETIME", "15m");
    mesh.restart().await;
    eventually("the token has expired", Duration::from_secs(10), || async {
        (buyer.rest.get("/v1/users/me").await.reason() == "TOKEN_EXPIRED").then_some(())
    })
    .await;
    every_method(
        &mesh,
        bearer("authorization", buyer.rest.token()),
        |access| match access {
            Access::Public => None,
            _ => Some(Code::Unauthenticated),
        },
    )
    .await;
}

/// A workload that proves itself, and has no business with any method.
async fn every_method_refuses_a_workload_that_the_contract_does_not_name(mesh: &Mesh) {
    use contracts::tradewind::auth::v1::{IssueWorkloadTokenRequest, IssueWorkloadTokenResponse};
    let auth = grpc::connect(&mesh.grpc["svc-auth"][0]).await;
    let request = IssueWorkloadTokenRequest {
        client_assertion: mesh.workloads.assertion("intruder", "tradewind"),
    };
    let path = "/tradewind.auth.v1.AuthService/IssueWorkloadToken";
    let reply = grpc::call(
        &auth,
        path,
        request.encode_to_vec().into(),
        MetadataMap::new(),
    )
    .await;
    let reply = IssueWorkloadTokenResponse::decode(reply.expect("it proved itself"))
        .expect("it is the reply");
    let metadata = bearer("x-workload-authorization", &reply.workload_token);
    every_method(mesh, metadata, |access| match access {
        Access::Public | Access::AnyToken => None,
        Access::Alternatives { workloads, .. }
            if workloads.iter().any(|workload| workload == "*") =>
        {
            None
        }
        Access::Alternatives { .. } => Some(Code::PermissionDenied),
    })
    .await;
}

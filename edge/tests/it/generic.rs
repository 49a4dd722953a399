//! In front of servers that know nothing of Tradewind.

use std::time::Duration;

use edge::Settings;
use edge::generic::{Access, Config, Servers, Upstream as Address};
use edge::profile;
use gateway::jwt;
use net::StartError;
use prost::Message as _;
use runtime::status::Problem;
use runtime::testbed::Testbed;
use serde_json::{Value, json};

use crate::fixture::{Fixture, bare, error, reason, refusal, refused, settings};
use crate::upstream::{Answer, Seen, Upstream};

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Book {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(int64, tag = "2")]
    pub(crate) pages: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Seat {
    #[prost(string, tag = "3")]
    ticket: String,
}

const BOOK: &str = "/v1/shelves/1/books/2";

/// Gives back the name that was asked for.
fn library(seen: &Seen) -> Answer {
    let Book { name, .. } = seen.decode();
    match name.as_str() {
        "shelves/1/books/none" => Answer::Error(Problem::not_found("book", name).into()),
        _ => Answer::message(&Book { name, pages: 300 }),
    }
}

async fn start(access: Access) -> Fixture {
    start_with(access, |_| ()).await
}

async fn start_with(access: Access, change: impl FnOnce(&mut Config)) -> Fixture {
    before(Upstream::start(library).await, access, change).await
}

/// In front of a server of the library.
pub(crate) async fn before(
    upstream: Upstream,
    access: Access,
    change: impl FnOnce(&mut Config),
) -> Fixture {
    of_library(upstream, settings(), |config| {
        config.access = access;
        change(config);
    })
    .await
}

/// The same with other settings, open to anybody.
pub(crate) async fn of_library(
    upstream: Upstream,
    settings: Settings,
    change: impl FnOnce(&mut Config),
) -> Fixture {
    let address = format!("library.v1.Library=http://{}", upstream.address);
    let (mut config, _file) = config(vec![address.parse().unwrap()], Access::Public);
    change(&mut config);
    serving(upstream, config, settings).await
}

/// In front of a server of the services in one file of `tests/proto`.
pub(crate) async fn of_file(
    file: &str,
    service: &str,
    upstream: Upstream,
    settings: Settings,
    profile: Option<profile::Name>,
) -> Fixture {
    let address = format!("{service}=http://{}", upstream.address);
    let upstreams = vec![address.parse().unwrap()];
    let (mut config, _file) = config_of(file, upstreams, Access::Public);
    config.servers.profile = profile;
    serving(upstream, config, settings).await
}

async fn serving(upstream: Upstream, config: Config, settings: Settings) -> Fixture {
    let mut mesh = Testbed::new();
    let node = mesh.node("edge").await;
    let door = edge::Config {
        settings,
        ..edge::Config::default()
    };
    let edge = edge::generic::build(config, door, &node).await.unwrap();
    Fixture::serve(edge, node, mesh, upstream).await
}

pub(crate) fn config(upstream: Vec<Address>, access: Access) -> (Config, tempfile::NamedTempFile) {
    config_of("library.proto", upstream, access)
}

fn config_of(
    file: &str,
    upstream: Vec<Address>,
    access: Access,
) -> (Config, tempfile::NamedTempFile) {
    let set = protox::Compiler::new(["tests/proto", "../proto"])
        .unwrap()
        .include_imports(true)
        .open_file(file)
        .unwrap()
        .encode_file_descriptor_set();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), set).unwrap();
    let descriptor_set = vec![file.path().to_owned()];
    (
        Config {
            servers: Servers {
                descriptor_set,
                descriptor_refresh: Duration::ZERO,
                upstream,
                ..Servers::default()
            },
            access,
            forward_authorization: false,
            jwt: jwt::Config::default(),
        },
        file,
    )
}

#[tokio::test]
async fn routes_come_from_any_descriptor_set() {
    let fixture = start(Access::Public).await;
    let response = fixture.get(BOOK).await;
    assert_eq!(response.status(), 200);
    let body: Value = response.json().await.unwrap();
    assert_eq!(body, json!({"name": "shelves/1/books/2", "pages": "300"}));
    assert_eq!(
        fixture.upstream.last_call().path,
        "/library.v1.Library/GetBook"
    );

    for path in ["/v1/things/1", "/v1/orders"] {
        assert_eq!(
            bare(fixture.get(path).await).await,
            (404, "NOT_FOUND".to_owned())
        );
    }
    let document: Value = fixture.get("/openapi.json").await.json().await.unwrap();
    assert!(
        document["paths"]
            .as_object()
            .unwrap()
            .keys()
            .all(|path| path.starts_with("/v1/"))
    );
}

/// google.protobuf.FileDescriptorSet, its files as they are.
#[derive(Clone, PartialEq, prost::Message)]
struct Set {
    #[prost(bytes, repeated, tag = "1")]
    file: Vec<Vec<u8>>,
}

#[tokio::test]
async fn a_contract_may_be_of_edition_2023() {
    let upstream = Upstream::start(library).await;
    let address = format!("library.v1.Library=http://{}", upstream.address);
    let (config, file) = config(vec![address.parse().unwrap()], Access::Public);
    // The same contract as its compiler would write it: fields have presence, as by default there.
    let set = std::fs::read(file.path()).unwrap();
    let mut set = Set::decode(&*set).unwrap();
    let library = set.file.last_mut().unwrap();
    // FileDescriptorProto.syntax and .edition; what comes last counts.
    library.extend(b"\x62\x08editions\x70\xe8\x07");
    std::fs::write(file.path(), set.encode_to_vec()).unwrap();
    let fixture = serving(upstream, config, settings()).await;
    let response = fixture.request("GET", BOOK).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let book: Value = response.json().await.unwrap();
    assert_eq!(book["pages"], "300");
}

#[tokio::test]
async fn a_foreign_server_gets_the_clients_idempotency_key_and_none_that_is_made_up() {
    let fixture = start(Access::Public).await;
    fixture.get(BOOK).await;
    let key = || {
        let call = fixture.upstream.last_call();
        call.metadata("idempotency-key").map(str::to_owned)
    };
    assert_eq!(
        key(),
        None,
        "it would not keep a repetition from its effect"
    );
    let request = fixture.request("GET", BOOK);
    let request = request.header("idempotency-key", "mine");
    request.send().await.unwrap();
    assert_eq!(key().as_deref(), Some("mine"));
    // Nor is it offered as if it did.
    let document: Value = fixture.get("/openapi.json").await.json().await.unwrap();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.values().flat_map(|path| path.as_object().unwrap());
    let told: Vec<_> = operations
        .map(|(_, operation)| &operation["x-idempotency"])
        .collect();
    assert!(!told.is_empty() && told.iter().all(|told| **told == "none"));
    assert!(!document.to_string().contains("Idempotency-Key"));
}

#[tokio::test]
async fn a_foreign_server_is_not_kept_from_tracing() {
    let fixture = start(Access::Public).await;
    let stranger = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    let request = fixture.request("GET", BOOK).header("traceparent", stranger);
    assert_eq!(request.send().await.unwrap().status(), 200);
    // Whether this process records depends on other tests in it; what it does not record, it does
    // not tell of.
    let call = fixture.upstream.last_call();
    let told = call.metadata("traceparent");
    assert!(told.is_none_or(|trace| trace.ends_with("-01")), "{told:?}");
}

#[tokio::test]
async fn details_of_errors_are_readable_without_being_in_the_descriptor_set() {
    let fixture = start(Access::Public).await;
    let error = error(fixture.get("/v1/shelves/1/books/none").await).await;
    assert_eq!(
        (error["status"].as_str(), reason(&error)),
        (Some("NOT_FOUND"), "RESOURCE_NOT_FOUND")
    );
}

#[tokio::test]
async fn in_public_the_server_judges_credentials_itself() {
    let fixture = start(Access::Public).await;
    for credentials in ["Bearer of-somebody-else", "Basic YWRhOmxvdmVsYWNl"] {
        let request = fixture
            .request("GET", BOOK)
            .header("authorization", credentials);
        assert_eq!(request.send().await.unwrap().status(), 200);
        let call = fixture.upstream.last_call();
        assert_eq!(call.metadata("authorization"), Some(credentials));
    }
}

#[tokio::test]
async fn a_token_that_the_edge_verified_stays_there_unless_it_is_told_otherwise() {
    let fixture = start(Access::Authenticated).await;
    let request = fixture.as_user("GET", BOOK);
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert_eq!(fixture.upstream.last_call().metadata("authorization"), None);

    let fixture = start_with(Access::Authenticated, |config| {
        config.forward_authorization = true;
    })
    .await;
    let token = fixture.token(&["user"]);
    let request = fixture.request("GET", BOOK).bearer_auth(&token);
    assert_eq!(request.send().await.unwrap().status(), 200);
    let call = fixture.upstream.last_call();
    let expected = format!("Bearer {token}");
    assert_eq!(call.metadata("authorization"), Some(expected.as_str()));
}

#[tokio::test]
async fn a_ticket_is_a_parameter_like_any_other() {
    for access in [Access::Public, Access::Authenticated] {
        let fixture = start(access).await;
        let request = fixture.as_user("GET", "/v1/shelves/1/seats?ticket=row-7");
        assert_eq!(request.send().await.unwrap().status(), 200);
        let Seat { ticket } = fixture.upstream.last_call().decode();
        assert_eq!(ticket, "row-7");
        // Where the method has no such field, it is as wrong as any other.
        let request = fixture.as_user("GET", "/v1/shelves/1/books/2?ticket=row-7");
        assert_eq!(request.send().await.unwrap().status(), 400);
    }
}

#[tokio::test]
async fn a_ticket_is_no_token() {
    let fixture = start(Access::Authenticated).await;
    let response = fixture.get("/v1/shelves/1/seats?ticket=row-7").await;
    assert_eq!(
        refusal(response).await,
        refused(401, "UNAUTHENTICATED", "TOKEN_MISSING")
    );
    assert!(fixture.upstream.calls().is_empty());
}

#[tokio::test]
async fn authenticated_asks_for_any_token() {
    let fixture = start(Access::Authenticated).await;
    let response = fixture.get(BOOK).await;
    assert_eq!(
        refusal(response).await,
        refused(401, "UNAUTHENTICATED", "TOKEN_MISSING")
    );
    let response = fixture.as_user("GET", BOOK).send().await.unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn a_server_outside_of_the_mesh_cannot_become_the_edge() {
    for access in [Access::Public, Access::Authenticated] {
        let fixture = start(access).await;
        let request = fixture.as_user("GET", BOOK);
        assert_eq!(request.send().await.unwrap().status(), 200);
        let call = fixture.upstream.last_call();
        assert_eq!(call.metadata("x-workload-authorization"), None);
    }
}

#[tokio::test]
async fn methods_without_a_route_can_have_one() {
    let fixture = start_with(Access::Public, |config| config.servers.all_methods = true).await;
    let request = fixture
        .request("POST", "/library.v1.Library/Reindex")
        .json(&json!({"shelf": "s"}));
    let body: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(body["name"], "s");
}

#[tokio::test]
async fn all_mistakes_are_told_at_once() {
    let node = Testbed::new().node("edge").await;
    let upstream = [
        "a.B=http://x:1",
        "library.v1.Library=http://x:1",
        "library.v1.Library=http://x:2",
    ];
    let upstream = upstream.iter().map(|one| one.parse().unwrap()).collect();
    let (config, _file) = config(upstream, Access::Public);
    let built = edge::generic::build(config, edge::Config::default(), &node).await;
    let Err(StartError::Config(mistakes)) = built else {
        panic!("it starts")
    };
    assert_eq!(mistakes.len(), 2, "{mistakes:?}");
}

//! Clients that generators make of the OpenAPI document and of the contracts: in each language whose
//! compiler is here, one buys something.

use std::{
    path::{Path, PathBuf},
    process::Output,
    time::Duration,
};

use e2e::{Mesh, process::binary, shop};
use serde_json::{Value, json};
use tokio::{process::Command, sync::OnceCell, time::timeout};

crate::on_both!(every_generated_client_buys_something);

/// How long all clients may take to be generated and compiled, on a machine that compiles beside it.
const BUILDING: Duration = Duration::from_secs(900);
/// How long a program may take to buy something.
const PATIENCE: Duration = Duration::from_secs(120);

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

async fn run(program: PathBuf, arguments: &[&str], patience: Duration) -> Output {
    let mut command = Command::new(&program);
    command.args(arguments).kill_on_drop(true);
    let output = timeout(patience, command.output()).await;
    let output = output.unwrap_or_else(|_| panic!("{arguments:?}: not within {patience:?}"));
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{} {arguments:?}: {errors}{}",
        program.display(),
        String::from_utf8_lossy(&output.stdout)
    );
    output
}

/// What `tradewind openapi` prints.
async fn document() -> Vec<u8> {
    let output = run(binary("tradewind"), &["openapi"], PATIENCE).await;
    output.stdout
}

/// Generates and compiles all of them, once.
async fn built() {
    static BUILT: OnceCell<()> = OnceCell::const_new();
    let build = async || {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let file = folder.path().join("openapi.json");
        std::fs::write(&file, document().await).expect("the folder can be written");
        let file = file.to_str().expect("it is text");
        run(repository().join("scripts/clients"), &[file], BUILDING).await;
    };
    BUILT.get_or_init(build).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_prints_the_document_that_the_edge_serves() {
    let mesh = crate::embedded().await;
    let served = mesh.rest().get("/openapi.json").await.expect(200).text;
    assert!(served.as_bytes() == document().await, "they differ");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_linter_complains_and_every_client_compiles() {
    built().await;
}

async fn every_generated_client_buys_something(mesh: &Mesh) {
    built().await;
    let admin = mesh.admin().await;
    let sku = shop::product(&admin, 100).await;
    let edge = mesh.edges.last().expect("there is one");
    for (language, over) in [
        ("go", "connect"),
        ("go", "grpc-web"),
        ("go", "grpc"),
        ("go", "grpc-go"),
        ("go", "rest"),
        ("go", "openapi-generator"),
        ("python", "connect"),
        ("python", "grpc-web"),
        ("python", "grpc"),
        ("python", "rest"),
        ("python", "openapi-generator"),
        ("java", "grpc"),
        ("java", "openapi-generator"),
        ("typescript", "openapi-fetch"),
        ("typescript", "hey-api"),
        ("typescript", "openapi-generator"),
    ] {
        let arguments = [language, over, edge, &sku];
        let bought = run(repository().join("sdk/purchase"), &arguments, PATIENCE).await;
        let bought: Value = serde_json::from_slice(&bought.stdout).expect("it prints JSON");
        let text = |name: &str| bought[name].as_str().expect("it is text").to_owned();
        let order = admin.get(&format!("/v1/orders/{}", text("order"))).await;
        let order = order.expect(200).json;
        assert_eq!(order["items"][0]["sku"], json!(sku));
        let shipment = admin
            .get(&format!("/v1/shipments/{}", text("shipment")))
            .await;
        assert_eq!(shipment.expect(200).json["orderId"], bought["order"]);
        if over == "hey-api" || over == "openapi-generator" {
            // They know of streams, enums, integers and errors what the document says alone.
            let states = ["PENDING", "CONFIRMED"].map(|state| format!("ORDER_STATE_{state}"));
            assert_eq!(bought["states"], json!(states));
        }
        if over == "openapi-generator" {
            assert_eq!(bought["total"], order["total"]["units"]);
            assert_eq!(bought["refusal"], json!("RESOURCE_NOT_FOUND"));
        }
    }
}

#[test]
fn the_documentation_shows_the_templates_that_are_run() {
    let page = include_str!("../../../docs/SDKS.md");
    for template in [
        include_str!("../../../sdk/go/buf.gen.yaml"),
        include_str!("../../../sdk/java/buf.gen.yaml"),
        include_str!("../../../sdk/kotlin/buf.gen.yaml"),
        include_str!("../../../sdk/openapi-generator/java.yaml"),
        include_str!("../../../sdk/python/buf.gen.yaml"),
        include_str!("../../../sdk/typescript/buf.gen.yaml"),
    ] {
        assert!(
            page.contains(&format!("```yaml\n{template}```\n")),
            "{template}"
        );
    }
}

//! The OpenAPI document, checked by others' programs.

use std::{path::Path, process::Output};

use e2e::{
    Mesh,
    grpc::tool,
    shop::{self, Customer},
};
use tokio::process::Command;

/// What a schema cannot say, with the reasons.
const HOOKS: &str = include_str!("openapi/hooks.py");

async fn run(program: &str, arguments: &[&str], folder: &Path) -> (Output, String) {
    let output = Command::new(tool(program))
        .args(arguments)
        .current_dir(folder)
        .env("PYTHONPATH", folder)
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .output()
        .await;
    let output = output.unwrap_or_else(|error| {
        panic!("{program} is not installed ({error}): scripts/tools openapi, or run the tests by `make test`")
    });
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    (output, text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_document_is_valid() {
    let mesh = crate::embedded().await;
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let document = folder.path().join("openapi.json");
    let text = mesh.rest().get("/openapi.json").await.expect(200).text;
    std::fs::write(&document, text).expect("the folder can be written");
    let (output, text) = run("openapi-spec-validator", &["openapi.json"], folder.path()).await;
    assert!(output.status.success(), "{text}");
}

/// Sends what the document allows and what it does not. The account may be deleted in the course,
/// so the mesh is its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_does_what_the_document_says() {
    let mesh = Mesh::embedded().await;
    let admin = mesh.admin().await;
    shop::product(&admin, 10).await;
    let buyer = Customer::register(&mesh).await;
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    std::fs::write(folder.path().join("hooks.py"), HOOKS).expect("the folder can be written");
    let url = format!("{}/openapi.json", mesh.edges[0]);
    for token in [admin.token(), buyer.rest.token()] {
        let authorization = format!("Authorization: Bearer {token}");
        let arguments = [
            "run",
            &url,
            "--header",
            &authorization,
            "--checks",
            "all",
            "--mode",
            "all",
            "--phases",
            "examples,coverage,fuzzing,stateful",
            "--max-examples",
            "8",
            "--generation-deterministic",
            "--suppress-health-check",
            "all",
            // It would end the account that all others act as; and a stream does not end.
            "--exclude-operation-id",
            "deleteMe",
            "--exclude-path-regex",
            ":watch$",
            "--no-color",
        ];
        let (output, text) = run("schemathesis", &arguments, folder.path()).await;
        assert!(output.status.success(), "{text}");
    }
}

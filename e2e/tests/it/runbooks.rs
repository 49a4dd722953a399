//! Somebody who was woken up, with docs/RUNBOOKS.md: its commands and queries work.

use e2e::{
    Mesh,
    mesh::{ADMIN_EMAIL, ADMIN_PASSWORD, AUDIT_KEY},
    process::binary,
};
use regex::Regex;
use tokio::process::Command;

const PAGE: &str = include_str!("../../../docs/RUNBOOKS.md");

/// There is no cluster here (ops/check/runbooks.py asks kubectl whether it knows these commands), and what
/// `tradewind` compares may be on its way while others test.
const BEGINNING: &str = r#"set -euo pipefail
kubectl() { :; }
tradewind() {
    "$TRADEWIND" "$@" || [ "$? $1" = "1 reconcile" ] || echo "WRONG: tradewind $*"
}
curl() { command curl "$@" || echo "WRONG: curl $*"; }
"#;

fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    let blocks = PAGE.split(fence.as_str()).skip(1);
    let blocks = blocks.filter_map(|block| Some(block.split_once("```")?.0));
    blocks.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_of_the_runbooks_find_their_tables() {
    let mesh = crate::real().await;
    let queries = blocks("sql");
    assert!(!queries.is_empty());
    for query in queries {
        let (service, query) = query.split_once('\n').expect("it has lines");
        let service = service.strip_prefix("-- ").expect("it names a service");
        let count = format!("SELECT count(*) FROM ({query}) AS found");
        mesh.databases.number(service, &count).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_of_the_runbooks_work() {
    let mesh = crate::real().await;
    let script = BEGINNING.to_owned() + &blocks("sh").concat();
    let output = command(mesh, "bash")
        .await
        .args(["-c", &script])
        .output()
        .await;
    let output = output.expect("bash is everywhere");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{errors}");
    assert!(!said.contains("WRONG"), "{said}{errors}");
}

/// What changes something is not done, and has to exist.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_that_change_something_exist() {
    let mesh = crate::real().await;
    let inline = Regex::new("`tradewind ([^`]+)`").expect("it is a pattern");
    let commands: Vec<_> = inline.captures_iter(PAGE).collect();
    assert!(!commands.is_empty());
    for found in commands {
        let words = found[1].split_whitespace().chain(["--help"]);
        let output = command(mesh, binary("tradewind"))
            .await
            .args(words)
            .output()
            .await;
        let output = output.expect("tradewind can be started");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {errors}", &found[0]);
    }
}

/// A command, with the variables that the page begins with.
async fn command(mesh: &Mesh, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let nats = mesh.nats.as_ref().expect("the mesh is a real one");
    let server = mesh.databases.url("svc-orders");
    let mut command = Command::new(program);
    command
        // Where there is a file of the edge's configuration.
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs"))
        .env("TRADEWIND", binary("tradewind"))
        .env("TRADEWIND_URL", &mesh.edges[0])
        .env("ADMIN_EMAIL", ADMIN_EMAIL)
        .env("ADMIN_PASSWORD", ADMIN_PASSWORD)
        .env("TOKEN", mesh.admin().await.token())
        .env("NATS_URL", &nats.url)
        .env("DATABASE_URL", server.expect("it has one"))
        .env("AUDIT_SIGNING_KEY", AUDIT_KEY)
        .kill_on_drop(true);
    command
}

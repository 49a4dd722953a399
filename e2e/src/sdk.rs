//! The TypeScript clients of `sdk/typescript`, in Node and on a page.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use axum::{Router, http::header::CONTENT_TYPE, response::Html, routing::get};
use serde_json::{Value, json};
use tokio::{net::TcpListener, process::Command, task::JoinHandle, time::timeout};

use crate::browser::Browser;

/// How long a script may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A file that `scripts/sdk` has made.
///
/// # Panics
/// When it is not there.
fn built(name: &str) -> PathBuf {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/typescript/dist");
    let file = dist.join(name);
    assert!(
        file.exists(),
        "{} is not built: make sdk, or run the tests by `make test`",
        file.display()
    );
    file
}

/// Runs a script in Node; the JSON that it prints.
///
/// # Panics
/// When it fails, with what it said, or hangs.
pub async fn node(script: &str, arguments: &[&str]) -> Value {
    let mut command = Command::new("node");
    command
        .arg(built(script))
        .args(arguments)
        .kill_on_drop(true);
    let output = timeout(PATIENCE, command.output()).await;
    let output = output
        .unwrap_or_else(|_| panic!("{script} {arguments:?}: not within {PATIENCE:?}"))
        .expect("node is not installed: scripts/tools node, or run the tests by `make test`");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script} {arguments:?}: {errors}");
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

/// A server of one page, which has the clients. Dropped, it is gone.
pub struct Page {
    /// Its origin: `http://host:port`.
    pub origin: String,
    server: JoinHandle<()>,
}

impl Page {
    /// Serves it, on a port of its own.
    pub async fn serve() -> Page {
        let script = std::fs::read(built("browser.js")).expect("it was there just now");
        let html = "<!doctype html><title>A shop</title><script src=/browser.js></script>";
        let script = get(move || async { ([(CONTENT_TYPE, "text/javascript")], script) });
        let page = Router::new()
            .route("/", get(Html(html)))
            .route("/browser.js", script);
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let server = async move {
            axum::serve(listener, page).await.expect("it never ends");
        };
        Page {
            origin: format!("http://{address}"),
            server: tokio::spawn(server),
        }
    }

    /// Opens it, and has it do one of the things that it can; what came of it.
    ///
    /// # Panics
    /// When it failed, with what it said.
    pub async fn run(&self, browser: &mut Browser, name: &str, shop: &Value) -> Value {
        browser.open(&self.origin).await;
        let name = json!(name);
        let start = format!("window.run && (run({name}, {shop}), true)");
        browser.eventually(&start).await;
        let outcome = browser.eventually("window.outcome").await;
        assert!(outcome["failed"].is_null(), "{name}: {outcome}");
        outcome["done"].clone()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.server.abort();
    }
}

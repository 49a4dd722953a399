//! Commands of `tradewind` that are clients of a mesh.

use std::process::Stdio;

use tokio::process::Command;

use crate::{
    Mesh,
    mesh::{ADMIN_EMAIL, ADMIN_PASSWORD},
    process::binary,
};

/// A command that acts as the first administrator at the first edge, and ends with the test.
pub fn command(mesh: &Mesh, words: &[&str]) -> Command {
    let mut command = Command::new(binary("tradewind"));
    command
        .args(words)
        .args(["--edge", &mesh.edges[0]])
        .args(["--email", ADMIN_EMAIL, "--password", ADMIN_PASSWORD])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// What such a command says, and whether it found all in order.
///
/// # Panics
/// If it cannot be started.
pub async fn said(mesh: &Mesh, words: &[&str]) -> (String, bool) {
    let output = command(mesh, words).output().await;
    let output = output.expect("tradewind can be started");
    let text = [output.stdout, output.stderr].concat();
    (
        String::from_utf8_lossy(&text).into_owned(),
        output.status.success(),
    )
}

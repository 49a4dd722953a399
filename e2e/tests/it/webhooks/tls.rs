//! Webhooks in TLS: to whom the authorities of `SSL_CERT_FILE` vouch for, and to nobody else.

use super::*;
use crate::certificates::Authority;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_goes_to_whom_a_trusted_authority_vouches_for_and_to_nobody_else() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let authority = Authority::new(folder.path());
    let trusted = authority.certifies("127.0.0.1");
    // What the attempt tells of.
    let receivers = [
        (trusted, ""),
        (authority.certifies("books.example"), "not valid for name"),
        (authority.has_certified("127.0.0.1"), "certificate expired"),
        (authority.knows_nothing_of("127.0.0.1"), "BadSignature"),
    ]
    .map(|(certificate, error)| (free_port(), certificate, error));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/webhooks/https.py");
    let ports = receivers.iter();
    let ports = ports.map(|(port, certificate, _)| format!("{port}={certificate}"));
    let arguments = std::iter::once(script.to_owned()).chain(ports);
    let log = folder.path().join("https.log");
    let python = tool("webhooks-python");
    let process = Process::start("https", &python, arguments, [], &log);
    eventually("they listen", PATIENCE, || async {
        process.output().contains("ready").then_some(())
    })
    .await;

    let setup = Setup::new(Kind::Embedded)
        .with("SSL_CERT_FILE", authority.file())
        .with("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8")
        .with("WEBHOOK_PORTS", "any");
    let mesh = Mesh::start(setup).await;
    let admin = mesh.admin().await;
    for (port, _, error) in &receivers {
        let webhook =
            json!({"url": format!("https://127.0.0.1:{port}/"), "eventTypes": ["notify.v1.*"]});
        let made = admin.post("/v1/webhooks", &webhook).await.expect(201);
        let attempt = attempt(&admin, &made.text_at("/webhook/webhookId")).await;
        let told = attempt["error"].as_str().unwrap_or_default();
        match *error {
            "" => assert_eq!((&attempt["status"], told), (&json!(204), "")),
            error => assert!(told.contains(error), "{error}: {attempt}"),
        }
    }
    let output = process.output();
    let taken = output.lines().filter(|line| line.starts_with("taken"));
    let taken: Vec<_> = taken.collect();
    assert_eq!(taken, [format!("taken on {}", receivers[0].0)]);
}

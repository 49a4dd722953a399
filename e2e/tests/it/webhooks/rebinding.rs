//! Names that mean something else a moment later, as a real DNS tells of them and the system's resolver
//! hears it. That knows no ports, so the DNS is at port 53 of an address of loopback; and it is told where
//! in a file that is another one for the mesh alone, in a mount namespace, which only root may make.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt as _};

use e2e::{process::binary, receiver::Receiver};

use super::*;

/// It looks as good as any to those that are let in by it.
const OUTSIDE: &str = "127.7.7.7";
const LOOPBACK: &str = "127.0.0.1";
const METADATA: &str = "169.254.169.254";

/// Has the program of a mesh ask this DNS, and no other.
fn ask(mesh: &mut Mesh, dns: &str) {
    let folder = mesh.folder().join("asks");
    let (script, resolver) = (folder.join("tradewind"), folder.join("resolv.conf"));
    let text = format!(
        "#!/bin/sh\n\
         exec unshare --mount sh -c 'mount --bind \"$0\" /etc/resolv.conf && exec \"$@\"' '{}' '{}' \"$@\"\n",
        resolver.display(),
        binary("tradewind").display()
    );
    let written = fs::create_dir(&folder)
        .and_then(|()| fs::write(&resolver, format!("nameserver {dns}\n")))
        .and_then(|()| fs::write(&script, text))
        .and_then(|()| fs::set_permissions(&script, fs::Permissions::from_mode(0o755)));
    written.expect("the mesh's folder can be written");
    mesh.take_from(&folder, "tradewind");
}

/// Whether there may be a resolver of its own here: it takes a mount namespace, which not every container has.
#[expect(clippy::print_stdout, reason = "a test says what it did not try")]
fn may_mount() -> bool {
    let mut unshare = std::process::Command::new("unshare");
    let tried = unshare.args(["--mount", "true"]).output();
    let may = tried.is_ok_and(|done| done.status.success());
    if !may {
        println!("no mount namespace may be made here: names that change are not tried");
    }
    may
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_goes_to_the_address_that_was_checked_whatever_its_name_means_later() {
    if !may_mount() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let id = std::process::id();
    let dns = format!("127.53.{}.{}", id / 250 % 250 + 1, id % 250 + 1);
    // The first look-up is that of who makes the webhook.
    let arguments = [
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/webhooks/dns.py").to_owned(),
        dns.clone(),
        format!("turning.example={OUTSIDE},{OUTSIDE},{LOOPBACK}"),
        format!("loopback.example={OUTSIDE},{LOOPBACK}"),
        format!("metadata.example={OUTSIDE},{METADATA}"),
    ];
    let log = folder.path().join("dns.log");
    let server = Process::start("dns", &tool("dnslib-python"), arguments, [], &log);
    eventually("the DNS is there", PATIENCE, || async {
        server.output().contains("ready").then_some(())
    })
    .await;

    let port = free_port();
    let receiver = |address: &str| {
        let listener = TcpListener::bind((address, port));
        Receiver::at(listener.expect("all of these are loopback's"))
    };
    let (outside, inside) = (receiver(OUTSIDE), receiver(LOOPBACK));
    let setup = Receiver::allowed(Setup::new(Kind::Embedded))
        .with("WEBHOOK_ALLOWED_NETWORKS", format!("{OUTSIDE}/32"));
    let mut mesh = Mesh::prepare(&setup).await;
    ask(&mut mesh, &dns);
    mesh.restart().await;
    let admin = mesh.admin().await;
    let told = async |name: &str| {
        let url = format!("http://{name}:{port}/");
        let webhook = json!({"url": url, "eventTypes": ["notify.v1.*"]});
        let made = admin.post("/v1/webhooks", &webhook).await.expect(201);
        attempt(&admin, &made.text_at("/webhook/webhookId")).await
    };

    let attempt = told("turning.example").await;
    assert_eq!(attempt["status"], 204, "{attempt}");
    assert_eq!(attempt["remoteAddress"], format!("{OUTSIDE}:{port}"));
    let asked = server.output().matches("turning.example").count();
    assert_eq!(asked, 2, "what was checked is not looked up once more");
    for (name, address) in [("loopback", LOOPBACK), ("metadata", METADATA)] {
        let attempt = told(&format!("{name}.example")).await;
        let why = attempt["error"].as_str().unwrap_or_default();
        assert!(why.contains(address), "{attempt}");
    }
    assert_eq!(outside.told().len(), 1);
    assert_eq!(inside.told(), []);
}

//! Mails in TLS, by STARTTLS and from the first byte on; in the clear none, nor a password.

use super::*;
use crate::certificates::Authority;

const LOGIN: &str = "shop:a%20password@127.0.0.1";

/// A mail server (`safe.py`), which is spoken to in this way.
struct Safe(Process);

impl Safe {
    async fn start(folder: &Path, port: u16, security: &str, certificate: &str) -> Safe {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/mails/safe.py");
        let (port, log) = (port.to_string(), folder.join(unique(security)));
        let arguments = [script, &port, security, certificate];
        let python = tool("aiosmtpd-python");
        let safe = Safe(Process::start("post", &python, arguments, [], &log));
        eventually("the mail server is there", PATIENCE, || async {
            safe.0.output().contains("ready").then_some(())
        })
        .await;
        safe
    }

    /// The commands that it has heard.
    fn heard(&self) -> Vec<String> {
        let log = self.0.output();
        let said = log.lines().filter_map(|line| line.split_once(">> b'"));
        let word = |said: &str| said.split([' ', '\'', ':']).next().map(str::to_uppercase);
        said.filter_map(|(_, said)| word(said)).collect()
    }

    fn has_taken(&self, customer: &Customer) -> bool {
        let taken = format!("taken for {}\n", customer.email);
        self.0.output().contains(&taken)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_and_a_password_are_sent_in_tls_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (folder, port) = (folder.path(), free_port());
    let authority = Authority::new(folder);
    let trusted = authority.certifies("127.0.0.1");
    let other = authority.certifies("mail.example");
    let setup = Setup::new(Kind::Embedded)
        .with("SSL_CERT_FILE", authority.file())
        .with("SMTP_URL", format!("smtp://{LOGIN}:{port}"));
    let mut mesh = Mesh::start(setup).await;
    let admin = mesh.admin().await;
    let sku = shop::product(&admin, 50).await;

    // It would take a login in the clear.
    let server = Safe::start(folder, port, "none", &trusted).await;
    let first = customer(&mesh, "starttls").await;
    first.order(&sku, 1).await.expect(201);
    let mail = mail_to(&admin, &first, "PENDING", "STARTTLS").await;
    let heard = server.heard();
    let is_greeting = |word: &String| matches!(word.as_str(), "EHLO" | "QUIT");
    assert!(heard.iter().all(is_greeting), "{heard:?}");
    drop(server);

    let id = mail["messageId"].as_str().expect("it has an id");
    let again = format!("/v1/messages/{id}:resend");
    let server = Safe::start(folder, port, "starttls", &other).await;
    admin.post(&again, &json!({})).await.expect(200);
    mail_to(&admin, &first, "PENDING", "not valid for name").await;
    let heard = server.heard();
    let is_beginning = |word: &String| is_greeting(word) || word == "STARTTLS";
    assert!(heard.iter().all(is_beginning), "{heard:?}");
    drop(server);

    let server = Safe::start(folder, port, "starttls", &trusted).await;
    admin.post(&again, &json!({})).await.expect(200);
    mail_to(&admin, &first, "SENT", "250").await;
    assert!(server.has_taken(&first));
    drop(server);

    mesh.stop("tradewind").await;
    mesh.set("SMTP_URL", &format!("smtps://{LOGIN}:{port}"));
    mesh.restart().await;
    let server = Safe::start(folder, port, "tls", &trusted).await;
    let second = customer(&mesh, "tls").await;
    second.order(&sku, 1).await.expect(201);
    mail_to(&admin, &second, "SENT", "250").await;
    assert!(server.has_taken(&second));
}

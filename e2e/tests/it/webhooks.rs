//! Webhooks, taken by the receivers of docs/WEBHOOKS.md, which have the libraries of Standard Webhooks.

mod rebinding;
mod tls;

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use e2e::{
    Mesh, Rest, Setup,
    condition::eventually,
    grpc::tool,
    mesh::Kind,
    ports::free_port,
    process::Process,
    shop::{self, Customer},
};
use serde_json::{Value, json};

crate::on_both_kinds!(a_receiver_of_the_documentation_takes_what_the_shop_signs_and_nothing_else);

const PATIENCE: Duration = Duration::from_secs(60);
const LANGUAGES: [&str; 3] = ["python", "node", "go"];

fn source(language: &str) -> PathBuf {
    let ending = match language {
        "python" => "py",
        "node" => "js",
        other => other,
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/webhooks");
    let file = folder.join(format!("receiver.{ending}"));
    file.canonicalize().expect("it is there")
}

/// The program that runs it, and what it is told before the port.
fn program(language: &str, folder: &Path) -> (PathBuf, Vec<String>) {
    let (source, command) = (source(language), tool(&format!("webhooks-{language}")));
    if language != "go" {
        return (command, vec![source.display().to_string()]);
    }
    let built = folder.join("receiver");
    let status = Command::new(command).arg(source).arg(&built).status();
    assert!(status.is_ok_and(|status| status.success()), "it compiles");
    (built, Vec::new())
}

async fn a_receiver_of_the_documentation_takes_what_the_shop_signs_and_nothing_else(kind: Kind) {
    let setup = Setup::new(kind)
        .with("WEBHOOK_ALLOW_HTTP", "true")
        .with("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8")
        .with("WEBHOOK_PORTS", "any");
    let mesh = Mesh::start(setup).await;
    let (admin, buyer) = (mesh.admin().await, Customer::register(&mesh).await);
    let sku = shop::product(&admin, 9).await;
    let mut receivers = Vec::new();
    for language in LANGUAGES {
        receivers.push(Receiver::start(language, &admin, mesh.folder()).await);
    }
    let order = buyer.order(&sku, 1).await.expect(201).text_at("/orderId");
    for receiver in &receivers {
        let language = receiver.language;
        eventually("the order is told of", PATIENCE, || async {
            receiver.process.output().contains(&order).then_some(())
        })
        .await;
        receiver.is_told(&admin).await;
        // What it has is the one before, which holds for a day.
        let rotate = format!("/v1/webhooks/{}:rotateSecret", receiver.webhook);
        admin.post(&rotate, &json!({})).await.expect(200);
        receiver.is_told(&admin).await;

        let forged = reqwest::Client::new()
            .post(&receiver.url)
            .header("webhook-id", "1")
            .header("webhook-timestamp", "1")
            .header("webhook-signature", "v1,AAAA")
            .body("{}");
        let answer = forged.send().await.expect("it answers").status();
        assert_eq!(
            answer.as_u16(),
            400,
            "{language} takes what nobody has signed"
        );
    }
}

struct Receiver {
    language: &'static str,
    url: String,
    /// Its id.
    webhook: String,
    process: Process,
}

impl Receiver {
    async fn start(language: &'static str, admin: &Rest, folder: &Path) -> Receiver {
        let port = free_port();
        let url = format!("http://127.0.0.1:{port}/");
        let webhook = json!({"url": url, "eventTypes": ["orders.v1.OrderConfirmed"]});
        let made = admin.post("/v1/webhooks", &webhook).await.expect(201);
        let (program, mut arguments) = program(language, folder);
        arguments.push(port.to_string());
        let variables = [("WEBHOOK_SECRET", made.text_at("/secret"))];
        let log = folder.join(format!("receiver-{language}.log"));
        let process = Process::start(language, &program, arguments, variables, &log);
        eventually("it listens", PATIENCE, || async {
            let connected = tokio::net::TcpStream::connect(("127.0.0.1", port)).await;
            connected.ok().map(drop)
        })
        .await;
        Receiver {
            language,
            url,
            webhook: made.text_at("/webhook/webhookId"),
            process,
        }
    }

    /// It takes a test.
    async fn is_told(&self, admin: &Rest) {
        let test = format!("/v1/webhooks/{}:test", self.webhook);
        let sent = admin.post(&test, &json!({})).await.expect(200);
        let delivery = sent.text_at("/deliveryId");
        let path = format!("/v1/webhooks/{}/deliveries/{delivery}", self.webhook);
        eventually("it is taken", PATIENCE, || async {
            let delivery = admin.get(&path).await.expect(200).json;
            (delivery["state"] == "DELIVERY_STATE_SUCCEEDED").then_some(())
        })
        .await;
    }
}

/// What came of the first attempt to send a test to a webhook.
async fn attempt(admin: &Rest, webhook: &str) -> Value {
    let test = format!("/v1/webhooks/{webhook}:test");
    let sent = admin.post(&test, &json!({})).await.expect(200);
    let delivery = sent.text_at("/deliveryId");
    let path = format!("/v1/webhooks/{webhook}/deliveries/{delivery}");
    eventually("it is tried", PATIENCE, || async {
        let delivery = admin.get(&path).await.expect(200).json;
        delivery["attempts"].get(0).cloned()
    })
    .await
}

#[test]
fn the_documentation_shows_the_receivers_that_are_run() {
    let page = include_str!("../../../docs/WEBHOOKS.md");
    for language in LANGUAGES {
        let source = std::fs::read_to_string(source(language)).expect("it is text");
        assert!(page.contains(&format!("\n{source}```\n")), "{language}");
    }
}

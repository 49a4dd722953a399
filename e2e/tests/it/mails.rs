//! Mails of a mesh as servers take them that are not ours: aiosmtpd, which is told what to refuse, and
//! mailpit, which shows what people would see.

mod tls;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use e2e::{
    Mesh, Rest, Setup,
    condition::eventually,
    grpc::tool,
    mesh::Kind,
    ports::free_port,
    process::Process,
    shop::{self, Customer, PASSWORD},
    unique::unique,
};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody whose mailbox is of this kind, and whose name is no ASCII.
pub(crate) async fn customer(mesh: &Mesh, kind: &str) -> Customer {
    let email = format!("{}@example.com", unique(kind));
    let body = json!({"email": email, "password": PASSWORD, "displayName": "Ädä Łovelace"});
    let rest = mesh.rest();
    let reply = rest.post("/v1/auth/register", &body).await.expect(201);
    Customer {
        rest: rest.with_token(&reply.text_at("/accessToken")),
        id: reply.text_at("/userId"),
        email,
        refresh_token: reply.text_at("/refreshToken"),
    }
}

/// The one mail to a customer, once an attempt came to this.
async fn mail_to(admin: &Rest, customer: &Customer, state: &str, detail: &str) -> Value {
    let path = format!("/v1/messages?userId={}", customer.id);
    let what = format!("a mail to {} is {state}: {detail}", customer.email);
    eventually(&what, PATIENCE, || async {
        let listed = admin.get(&path).await.expect(200).json["messages"].take();
        let mails = listed.as_array().cloned().unwrap_or_default();
        assert!(mails.len() < 2, "{mails:?}");
        let mail = mails.into_iter().next()?;
        let told = mail["detail"].as_str().unwrap_or_default();
        let is_it = mail["state"] == format!("MAIL_STATE_{state}") && told.contains(detail);
        is_it.then_some(mail)
    })
    .await
}

/// A mail server (`mails/post.py`), which does with a mail what the name of its mailbox says.
pub(crate) struct Post {
    /// What `SMTP_URL` is to be.
    pub(crate) url: String,
    log: PathBuf,
    _process: Process,
}

impl Post {
    /// Opens one, with its log in a folder.
    pub(crate) async fn open(folder: &Path) -> Post {
        let (log, port) = (folder.join("post.log"), free_port());
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/mails/post.py");
        let arguments = [script.to_owned(), port.to_string()];
        let process = Process::start("post", &tool("aiosmtpd-python"), arguments, [], &log);
        eventually("the mail server is there", PATIENCE, || async {
            let log = fs::read_to_string(&log).expect("it writes a log");
            log.contains("ready").then_some(())
        })
        .await;
        Post {
            url: format!("smtp://127.0.0.1:{port}?tls=none"),
            log,
            _process: process,
        }
    }

    /// The mails to a customer that it has taken, whether it said so or not.
    pub(crate) fn taken(&self, customer: &Customer) -> Vec<Value> {
        let log = fs::read_to_string(&self.log).expect("it writes a log");
        let mails = log
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        mails
            .filter(|mail: &Value| mail["to"] == customer.email)
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_mail_server_does_with_a_mail_is_told_and_borne() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let post = Post::open(folder.path()).await;
    let setup = Setup::new(Kind::Embedded)
        .with("SMTP_URL", &post.url)
        .with("MAIL_TIMEOUT", "2s");
    let mesh = Mesh::start(setup).await;
    let admin = mesh.admin().await;
    let sku = shop::product(&admin, 50).await;

    let nobody = customer(&mesh, "nobody").await;
    nobody.order(&sku, 1).await.expect(201);
    let refused = mail_to(&admin, &nobody, "REFUSED", "550").await;
    assert!(!refused.to_string().contains(&nobody.email), "{refused}");
    let suppressed = format!("/v1/mail-suppressions?userId={}", nobody.id);
    let suppressed = admin.get(&suppressed).await.expect(200);
    assert_eq!(
        suppressed.json["suppressions"][0]["messageId"],
        refused["messageId"]
    );

    for (kind, detail) in [("full", "452"), ("silent", "in time"), ("broken", "RCPT")] {
        let customer = customer(&mesh, kind).await;
        let order = customer
            .order(&sku, 2)
            .await
            .expect(201)
            .text_at("/orderId");
        let waiting = mail_to(&admin, &customer, "PENDING", detail).await;
        assert_eq!(waiting["orderId"], order);
        let id = waiting["messageId"].as_str().expect("it has an id");
        let again = format!("/v1/messages/{id}:resend");
        admin.post(&again, &json!({})).await.expect(200);
        mail_to(&admin, &customer, "SENT", "250").await;
        let mine = post.taken(&customer);
        assert_eq!(mine.len(), 1, "{kind}");
        let mail = &mine[0];
        assert_eq!(mail["defects"], json!([]));
        assert_eq!(mail["name"], "Ädä Łovelace");
        assert_eq!(mail["subject"], "Your order is confirmed");
        for words in ["text", "html"] {
            let words = mail[words].as_str().expect("it is text");
            for said in [
                order.as_str(),
                "Ädä Łovelace",
                "A thing",
                "25.00 GBP",
                "Bristol",
            ] {
                assert!(words.contains(said), "{said}: {words}");
            }
            assert!(!words.contains("Quay Street"), "{words}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_is_read_as_it_was_meant() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (smtp, pages) = (free_port(), free_port());
    let address = |port| format!("127.0.0.1:{port}");
    let (smtp, pages) = (address(smtp), address(pages));
    let arguments = [
        "--smtp",
        &smtp,
        "--listen",
        &pages,
        "--disable-version-check",
    ];
    let log = folder.path().join("mailpit.log");
    let _mailpit = Process::start("mailpit", &tool("mailpit"), arguments, [], &log);
    let mailpit = Rest::new(&format!("http://{pages}"));
    let is_there = || async {
        let http = reqwest::get(format!("http://{pages}/readyz")).await.ok()?;
        http.status().is_success().then_some(())
    };
    eventually("mailpit is there", PATIENCE, is_there).await;
    let setup = Setup::new(Kind::Real)
        .with("SMTP_URL", format!("smtp://{smtp}?tls=none"))
        .with("MAIL_LANGUAGE", "de");
    let mesh = Mesh::start(setup).await;
    let sku = shop::product(&mesh.admin().await, 50).await;
    let buyer = customer(&mesh, "buyer").await;
    let order = buyer.order(&sku, 1).await.expect(201).text_at("/orderId");
    buyer
        .rest
        .post(&format!("/v1/orders/{order}:cancel"), &json!({}))
        .await
        .expect(200);

    let search = format!("/api/v1/search?query=to:{}", buyer.email);
    let found = eventually("two mails are there", PATIENCE, || async {
        let found = mailpit.get(&search).await.expect(200).json["messages"].take();
        found.as_array().filter(|it| it.len() == 2).cloned()
    })
    .await;
    let mut subjects: Vec<_> = found.iter().map(|it| it["Subject"].clone()).collect();
    subjects.sort_by_key(Value::to_string);
    assert_eq!(
        subjects,
        [
            "Ihre Bestellung ist bestätigt",
            "Ihre Bestellung wurde storniert"
        ]
    );
    for mail in found {
        let id = mail["ID"].as_str().expect("it has an id");
        let mail = mailpit
            .get(&format!("/api/v1/message/{id}"))
            .await
            .expect(200)
            .json;
        assert_eq!(mail["To"][0]["Name"], "Ädä Łovelace");
        assert_eq!(mail["To"][0]["Address"], buyer.email);
        for words in ["Text", "HTML"] {
            let words = mail[words].as_str().expect("it is text");
            assert!(
                words.contains(&order) && words.contains("Guten Tag Ädä"),
                "{words}"
            );
        }
        let heads = mailpit
            .get(&format!("/api/v1/message/{id}/headers"))
            .await
            .expect(200);
        assert_eq!(heads.json["Auto-Submitted"], json!(["auto-generated"]));
    }
}

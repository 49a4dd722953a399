//! svc-notify dies between writing that something is to be told, telling it, and noting that it did.

use std::{collections::BTreeSet, time::Duration};

use e2e::{Mesh, Rest, Setup, condition::eventually, mesh::Kind, receiver::Receiver, shop};
use serde_json::json;
use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use super::PATIENCE;
use crate::mails::{self, Post};

const NOTIFY: &str = "svc-notify";
const CONFIRMED: &str = "orders.v1.OrderConfirmed";
/// Who is not let in within this time on loopback is not let in.
const FULL: Duration = Duration::from_millis(500);

/// A server that is so crowded that nobody else gets in.
struct Crowded {
    listener: std::net::TcpListener,
    crowd: Vec<TcpStream>,
    url: String,
}

impl Crowded {
    async fn new() -> Crowded {
        let socket = TcpSocket::new_v4().expect("there are sockets");
        let anywhere = "127.0.0.1:0".parse().expect("it is an address");
        socket.bind(anywhere).expect("loopback has a free port");
        let listener = socket.listen(1).expect("it is bound");
        let listener = listener.into_std().expect("it is a socket");
        let address = listener.local_addr().expect("it is bound");
        let mut crowd = Vec::new();
        while let Ok(inside) = timeout(FULL, TcpStream::connect(address)).await {
            crowd.push(inside.expect("somebody listens"));
        }
        Crowded {
            listener,
            crowd,
            url: format!("http://{address}/"),
        }
    }

    /// The crowd leaves, and others are served.
    fn open(self) -> Receiver {
        drop(self.crowd);
        Receiver::at(self.listener)
    }
}

async fn listen(admin: &Rest, url: &str) {
    let webhook = json!({"url": url, "eventTypes": [CONFIRMED]});
    admin.post("/v1/webhooks", &webhook).await.expect(201);
}

/// Waits until so many rows of svc-notify are so.
async fn reaches(mesh: &Mesh, count: i64, rows: &str) {
    let query = format!("SELECT count(*) FROM {rows}");
    eventually(&format!("{count} {rows}"), PATIENCE, || async {
        let found = mesh.databases.number(NOTIFY, &query).await;
        (found == count).then_some(())
    })
    .await;
}

fn ids(receiver: &Receiver) -> Vec<String> {
    let told = receiver.told().into_iter();
    told.map(|told| told.id.replace('-', "")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_svc_notify_died_with_is_told_by_the_next_one_under_the_same_id() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let post = Post::open(folder.path()).await;
    let setup = Receiver::allowed(Setup::new(Kind::Real))
        .with("SMTP_URL", &post.url)
        .with("WEBHOOK_TIMEOUT", "30s")
        .with("WEBHOOK_LEASE", "60s");
    let mut mesh = Mesh::start(setup).await;
    let admin = mesh.admin().await;
    let sku = shop::product(&admin, 50).await;
    // The one is not reached; the other one takes what comes, and does not say so. So are the mailboxes.
    let (unreached, unanswered) = (Crowded::new().await, Receiver::start());
    unanswered.hold(true);
    listen(&admin, &unreached.url).await;
    listen(&admin, &unanswered.url).await;
    let (silent, mute) = (
        mails::customer(&mesh, "silent").await,
        mails::customer(&mesh, "mute").await,
    );
    for buyer in [&silent, &mute] {
        buyer.order(&sku, 1).await.expect(201);
    }
    // A lease is for later.
    let leased = "due_at > create_time + interval '10 seconds'";
    reaches(&mesh, 4, &format!("deliveries WHERE {leased}")).await;
    let tried = "messages WHERE template = 'order-confirmed' AND attempts = 1";
    reaches(&mesh, 2, tried).await;
    eventually("two have come", PATIENCE, || async {
        let has_mail = post.taken(&mute).len() == 1;
        (has_mail && unanswered.told().len() == 2).then_some(())
    })
    .await;
    mesh.kill("svc-notify-0");
    reaches(&mesh, 0, "attempts").await;
    reaches(&mesh, 4, "deliveries WHERE state = 'PENDING'").await;
    assert_eq!(post.taken(&silent).len(), 0);

    let reached = unreached.open();
    assert_eq!(reached.told(), []);
    unanswered.hold(false);
    // The leases are over.
    for statement in [
        "UPDATE deliveries SET due_at = create_time WHERE due_at IS NOT NULL",
        "UPDATE messages SET due_at = create_time WHERE due_at IS NOT NULL",
    ] {
        mesh.databases.execute(NOTIFY, statement).await;
    }
    mesh.restart().await;
    reaches(&mesh, 4, "deliveries WHERE state = 'SUCCEEDED'").await;
    reaches(&mesh, 4, "attempts").await;

    let published = format!("SELECT {{id:id}}, subject FROM outbox WHERE subject = '{CONFIRMED}'");
    let published = mesh.databases.pairs("svc-orders", &published).await;
    let published: BTreeSet<_> = published.into_iter().map(|(id, _)| id).collect();
    let (once, twice) = (ids(&reached), ids(&unanswered));
    assert_eq!((once.len(), twice.len()), (2, 4), "{once:?} {twice:?}");
    for told in [&once[..], &twice[..2], &twice[2..]] {
        let told: BTreeSet<_> = told.iter().cloned().collect();
        assert_eq!(told, published);
    }

    let sent = "messages WHERE template = 'order-confirmed' AND attempts = 2 AND state = 'SENT'";
    reaches(&mesh, 2, sent).await;
    assert_eq!(post.taken(&silent).len(), 1);
    let mails = post.taken(&mute);
    let [one, other] = &mails[..] else {
        panic!("what may have been taken is sent once more: {mails:?}");
    };
    assert_eq!(one["id"], other["id"], "they say that they are the same");
    mesh.databases.hold(0).await;
}

//! Somebody outside who is told of everything: by a webhook for all events, and by mails. What came is held
//! against what was published.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{
    Mesh, Rest,
    invariants::{Databases, Rule, Violation},
    receiver::Receiver,
    services::SERVICES,
};

const NOTIFY: &str = "svc-notify";
/// How long it may take until all of it was told.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often one looks.
const INTERVAL: Duration = Duration::from_millis(200);

/// By event: the mail that was sent of it, or that it is due, or nothing.
const MAILS: &str = "SELECT {id:event_id}, CASE WHEN state = 'SENT' THEN message_id::text
         WHEN due_at <= {now} THEN 'due' ELSE '' END
     FROM messages";
/// Those that an operator would not wait for: they failed twice, and have minutes left.
const PUT_OFF: &str = "SELECT webhook_id::text, delivery_id::text FROM deliveries
     WHERE failures > 1 AND due_at > {now} + interval '30 seconds'";

/// Somebody who is told.
pub(super) struct Outsider {
    receiver: Receiver,
    /// When it asked to be.
    since: String,
    mails: PathBuf,
    admin: Rest,
}

/// Where the mails of a mesh are put.
pub(super) fn mails(mesh: &Mesh) -> PathBuf {
    mesh.folder().join("mails")
}

impl Outsider {
    /// Asks a mesh that runs for all events.
    pub(super) async fn ask(mesh: &Mesh) -> Outsider {
        let (receiver, admin) = (Receiver::start(), mesh.admin().await.by_new_connections());
        let all = json!({"url": receiver.url, "eventTypes": ["*"], "description": "everything"});
        let made = admin.post("/v1/webhooks", &all).await.expect(201);
        Outsider {
            receiver,
            since: made.text_at("/webhook/createTime"),
            mails: mails(mesh),
            admin,
        }
    }

    /// Waits until it was told of all that was published; what it was not after all patience, and what it
    /// was told that nobody has published.
    pub(super) async fn wrong(&self, databases: &Databases) -> Vec<Violation> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (published, asked) = self.published(databases).await;
            let mut wrong = self.events(&published, &asked);
            wrong.extend(self.mails(databases, &asked).await);
            if wrong.is_empty() || Instant::now() >= deadline {
                let wrong = wrong.into_iter();
                return wrong.map(|what| Violation::of(Rule::Told, what)).collect();
            }
            for (webhook, delivery) in databases.pairs(NOTIFY, PUT_OFF).await {
                let replay = format!("/v1/webhooks/{webhook}/deliveries/{delivery}:replay");
                self.admin.post(&replay, &json!({})).await;
            }
            sleep(INTERVAL).await;
        }
    }

    /// What services have published, by id; and what of it was asked for.
    async fn published(
        &self,
        databases: &Databases,
    ) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
        let all = "SELECT {id:id}, subject FROM outbox";
        let since = &self.since;
        // What is of sessions and secrets is told to nobody.
        let asked = format!(
            "{all} WHERE subject NOT LIKE 'auth.%' AND time >= TIMESTAMPTZ '{since}' \
             AND published_at IS NOT NULL"
        );
        let (mut published, mut wanted) = (BTreeMap::new(), BTreeMap::new());
        for service in SERVICES {
            wanted.extend(databases.pairs(service, &asked).await);
            published.extend(databases.pairs(service, all).await);
        }
        (published, wanted)
    }

    fn events(
        &self,
        published: &BTreeMap<String, String>,
        asked: &BTreeMap<String, String>,
    ) -> Vec<String> {
        let (mut wrong, mut missing) = (Vec::new(), asked.clone());
        for told in self.receiver.told() {
            // An event has one webhook-id, its own.
            let id = told.id.replace('-', "");
            if published.get(&id) != Some(&told.kind) {
                wrong.push(format!("{told:?} was told, and nobody has published it"));
            }
            missing.remove(&id);
        }
        let missing = missing.into_iter();
        wrong.extend(missing.map(|(id, subject)| format!("{subject} {id} was not told")));
        wrong
    }

    async fn mails(&self, databases: &Databases, asked: &BTreeMap<String, String>) -> Vec<String> {
        let mails: BTreeMap<_, _> = databases.pairs(NOTIFY, MAILS).await.into_iter().collect();
        let confirmed = asked
            .iter()
            .filter(|(_, it)| *it == "orders.v1.OrderConfirmed");
        let missing = confirmed.filter(|(id, _)| !mails.contains_key(*id));
        let mut wrong: Vec<_> = missing
            .map(|(id, _)| format!("of the event {id} there is no mail"))
            .collect();
        for (event, mail) in mails.iter().filter(|(_, mail)| !mail.is_empty()) {
            let is_there = self.mails.join(format!("{mail}.eml")).is_file();
            if !is_there {
                wrong.push(format!(
                    "the mail of the event {event} was not sent: {mail}"
                ));
            }
        }
        wrong
    }
}

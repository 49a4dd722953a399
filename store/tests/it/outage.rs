//! Servers that are away, at the start and later.

use std::sync::{Arc, Mutex};

use bus::{Bus, JetStreamConfig};
use contracts::tradewind::orders::v1::OrderConfirmed;
use net::telemetry::Telemetry;
use runtime::testbed::{Testbed, patient};
use store::{
    Database, DatabaseConfig, NewEvent, Outbox,
    testing::{TestDatabase, server, unique_name},
};
use tonic::Code;

use crate::{PATIENCE, id, migrations, note, notes, pending, proxy::Proxy, until};

#[tokio::test]
async fn opening_waits_for_postgres_and_says_why_without_the_password() {
    let database = TestDatabase::postgres();
    let (mut way, url) = Proxy::to_url(&database.url()).await;
    way.cut().await;
    let said = Arc::new(Mutex::new(Vec::new()));
    let told = said.clone();
    let config = DatabaseConfig::url(&url);
    let opening = tokio::spawn(async move {
        let tell = move |why: &str| told.lock().expect("no panic").push(why.to_owned());
        Database::connect(&config, "test", migrations(), tell).await
    });
    until("it says what it waits for", async || {
        !said.lock().expect("no panic").is_empty()
    })
    .await;
    way.restore().await;
    let opened = tokio::time::timeout(PATIENCE, opening)
        .await
        .expect("in time");
    let database = opened.expect("no panic").expect("opened");
    database.read().await.expect("a connection");
    let said = said.lock().expect("no panic").join("\n");
    assert!(
        said.contains("refused") && said.contains("Postgres at 127.0.0.1"),
        "{said}"
    );
    let password = url
        .split(['@', ':'])
        .nth(2)
        .expect("the URL has a password")
        .to_owned();
    assert!(!said.contains(&password), "{said}");
}

#[tokio::test]
async fn a_lost_connection_is_unavailable_and_heals() {
    let database = TestDatabase::postgres();
    let (mut way, url) = Proxy::to_url(&database.url()).await;
    let config = DatabaseConfig::url(&url);
    let database = Database::connect(&config, "test", migrations(), |_| {})
        .await
        .expect("opened");
    let mut tx = database.begin().await.expect("a transaction");
    note(&mut tx, id(), "lost").await.expect("written");
    way.cut().await;
    let error = tx.commit().await.expect_err("the connection is gone");
    assert!(error.is_unavailable(), "{error:?}");
    let error = database.begin().await.expect_err("Postgres is away");
    assert!(error.is_unavailable(), "{error:?}");
    let status = tonic::Status::from(error);
    assert_eq!(status.code(), Code::Unavailable);
    assert!(runtime::status::retry_delay(&status).is_some());

    way.restore().await;
    until("it heals", async || database.read().await.is_ok()).await;
    assert!(notes(&database).await.is_empty());
}

#[tokio::test]
async fn whether_postgres_answers_is_told() {
    let database = TestDatabase::postgres();
    let (mut way, url) = Proxy::to_url(&database.url()).await;
    let mut bed = Testbed::new();
    let node = bed.node("svc-orders").await;
    let mut config = DatabaseConfig::url(&url);
    config.database_max_connections = 1;
    let opened = Database::open(&config, &node, migrations()).await;
    let opened = opened.expect("opened");
    // Whoever has all connections keeps nobody from looking.
    let _all = opened.begin().await.expect("a transaction");
    bed.host().start();
    let up = || {
        let labels = [("dependency", "database")];
        ops::value(
            &node.telemetry.prometheus(),
            "tradewind_dependency_up",
            &labels,
        )
    };
    until("it answers", async || up() == Some(1.0)).await;
    way.cut().await;
    until("it does not", async || up() == Some(0.0)).await;
    bed.stop().await;
}

store::on_both! {
    async fn events_wait_in_the_outbox_while_nats_is_away(database: TestDatabase) {
        let (mut way, url) = Proxy::to_url(&server("TEST_NATS_URL")).await;
        let mut config = JetStreamConfig::new(url);
        config.prefix = unique_name();
        let bus = Bus::jetstream(config);
        let mut bed = Testbed::with(patient(Telemetry::detached(), bus));
        let node = bed.node("svc-orders").await;
        let database = Database::open(&database.config(), &node, migrations()).await.expect("opened");
        let outbox = Outbox::new(&database, &node);
        store::consume(&node, &database, "svc-orders", &["orders.v1.*"], |tx, event| {
            Box::pin(async move { Ok(note(tx, event.id, &event.aggregate_id).await?) })
        });
        bed.host().start();
        let append = async |name: &str| {
            let mut tx = database.begin().await.expect("a transaction");
            let event = NewEvent::new(name, 1, &OrderConfirmed::default());
            outbox.append(&mut tx, event).await.expect("written");
            tx.commit().await.expect("committed");
        };
        append("before").await;
        until("the first arrives", async || notes(&database).await == ["before"]).await;
        until("it is marked", async || pending(&database).await == 0).await;
        way.cut().await;
        append("while away").await;
        append("while away too").await;
        assert_eq!(pending(&database).await, 2);
        way.restore().await;
        until("the outbox drains", async || pending(&database).await == 0).await;
        let all = ["before", "while away", "while away too"];
        until("all arrive", async || notes(&database).await == all).await;
        bed.stop().await;
    }
}

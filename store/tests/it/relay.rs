//! From the outbox to the consumers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use bus::{Bus, Failure, JetStreamConfig};
use contracts::{Event as _, tradewind::orders::v1::OrderConfirmed};
use net::{clock::Clock, telemetry::Telemetry};
use runtime::{
    node::Node,
    testbed::{Testbed, patient},
};
use store::{
    Database, NewEvent, Outbox, outbox,
    testing::{TestDatabase, server, unique_name},
};

use crate::{migrations, note, notes, pending, until};

const CONFIRMED: &str = OrderConfirmed::SUBJECT;

/// A service that publishes and consumes.
async fn open(bed: &mut Testbed, database: &TestDatabase) -> (Node, Database, Outbox) {
    let node = bed.node("svc-orders").await;
    let opened = Database::open(&database.config(), &node, migrations()).await;
    let database = opened.expect("opened");
    let outbox = Outbox::new(&database, &node);
    (node, database, outbox)
}

fn confirmed(name: &str) -> OrderConfirmed {
    OrderConfirmed {
        order_id: name.to_owned(),
        ..Default::default()
    }
}

async fn append(database: &Database, outbox: &Outbox, name: &str) {
    let mut tx = database.begin().await.expect("a transaction");
    let event = NewEvent::new(name, 1, &confirmed(name));
    outbox.append(&mut tx, event).await.expect("written");
    tx.commit().await.expect("committed");
}

store::on_both! {
    async fn a_committed_event_has_its_effect_and_a_dropped_one_has_none(database: TestDatabase) {
        let mut bed = Testbed::new();
        let (node, db, outbox) = open(&mut bed, &database).await;
        store::consume(&node, &db, "svc-shipping", &[CONFIRMED], |tx, event| {
            Box::pin(async move {
                let message: OrderConfirmed = store::message(&event)?;
                assert_eq!((message.order_id.as_str(), event.source.as_str()), (event.aggregate_id.as_str(), "svc-orders"));
                Ok(note(tx, event.id, &message.order_id).await?)
            })
        });
        bed.host().start();
        let mut tx = db.begin().await.expect("a transaction");
        let event = NewEvent::new("dropped", 1, &confirmed("dropped"));
        outbox.append(&mut tx, event).await.expect("written");
        drop(tx);
        for name in ["one", "two"] {
            append(&db, &outbox, name).await;
        }
        until("the outbox drains", async || pending(&db).await == 0).await;
        assert_eq!(notes(&db).await, ["one", "two"]);
        bed.stop().await;
    }

    async fn an_event_that_is_published_again_has_its_effect_once(database: TestDatabase) {
        let mut bed = Testbed::new();
        let (node, db, outbox) = open(&mut bed, &database).await;
        let given = Arc::new(AtomicU32::new(0));
        let counted = given.clone();
        store::consume(&node, &db, "svc-shipping", &[CONFIRMED], move |tx, event| {
            counted.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move { Ok(note(tx, event.id, "shipped").await?) })
        });
        bed.host().start();
        append(&db, &outbox, "one").await;
        until("the outbox drains", async || pending(&db).await == 0).await;
        // As after a crash between publishing and marking.
        let mut tx = db.begin().await.expect("a transaction");
        store::execute!(tx, "UPDATE outbox SET due_at = time, published_at = NULL").expect("written");
        tx.commit().await.expect("committed");
        outbox.wake();
        until("the outbox drains", async || pending(&db).await == 0).await;
        assert_eq!(notes(&db).await, ["shipped"]);
        assert_eq!(given.load(Ordering::Relaxed), 1);
        bed.stop().await;
    }

    async fn a_transient_failure_is_tried_again_while_others_flow(database: TestDatabase) {
        let mut bed = Testbed::new();
        let (node, db, outbox) = open(&mut bed, &database).await;
        let attempts = Arc::new(AtomicU32::new(0));
        store::consume(&node, &db, "svc-shipping", &[CONFIRMED], move |tx, event| {
            let attempts = attempts.clone();
            Box::pin(async move {
                note(tx, event.id, &event.aggregate_id).await?;
                if event.aggregate_id == "slow" && attempts.fetch_add(1, Ordering::Relaxed) < 6 {
                    return Err(Failure::Transient("the carrier is away".to_owned()));
                }
                Ok(())
            })
        });
        bed.host().start();
        for name in ["slow", "one", "two"] {
            append(&db, &outbox, name).await;
        }
        until("the others flow", async || notes(&db).await == ["one", "two"]).await;
        until("it succeeds", async || notes(&db).await == ["one", "slow", "two"]).await;
        until("the outbox drains", async || pending(&db).await == 0).await;
        bed.stop().await;
    }

    async fn poison_is_a_dead_letter_after_five_attempts_and_can_be_replayed(database: TestDatabase) {
        let mut bed = Testbed::new();
        let (node, db, outbox) = open(&mut bed, &database).await;
        let attempts = Arc::new(AtomicU32::new(0));
        let counted = attempts.clone();
        store::consume(&node, &db, "svc-shipping", &[CONFIRMED], move |tx, event| {
            let attempts = counted.clone();
            Box::pin(async move {
                note(tx, event.id, &event.aggregate_id).await?;
                let poison = event.aggregate_id == "poison"
                    && attempts.fetch_add(1, Ordering::Relaxed) < 5;
                assert!(!poison, "it is poison");
                Ok(())
            })
        });
        bed.host().start();
        for name in ["poison", "one"] {
            append(&db, &outbox, name).await;
        }
        until("the outbox drains", async || pending(&db).await == 0).await;
        assert_eq!(notes(&db).await, ["one"]);
        assert_eq!(attempts.load(Ordering::Relaxed), 5);

        let mut tx = db.begin().await.expect("a transaction");
        let dead = outbox::dead(&mut tx).await.expect("listed");
        assert_eq!((dead.len(), dead[0].group.as_str()), (1, "svc-shipping"));
        assert!(dead[0].why.contains("it is poison"), "{}", dead[0].why);
        assert_eq!(dead[0].aggregate_id, "poison");
        assert!(outbox::replay(&mut tx, dead[0].id, node.clock.now()).await.expect("replayed"));
        tx.commit().await.expect("committed");
        outbox.wake();
        until("it has its effect", async || notes(&db).await == ["one", "poison"]).await;
        let mut tx = db.begin().await.expect("a transaction");
        assert!(outbox::dead(&mut tx).await.expect("listed").is_empty());
        drop(tx);
        bed.stop().await;
    }

    async fn published_events_can_be_published_again(database: TestDatabase) {
        let mut bed = Testbed::new();
        let (node, db, outbox) = open(&mut bed, &database).await;
        bed.host().start();
        // Nobody listens yet.
        append(&db, &outbox, "one").await;
        until("the outbox drains", async || pending(&db).await == 0).await;
        store::consume(&node, &db, "svc-notify", &[CONFIRMED], |tx, event| {
            Box::pin(async move { Ok(note(tx, event.id, &event.aggregate_id).await?) })
        });
        let mut tx = db.begin().await.expect("a transaction");
        let (now, hour) = (node.clock.now(), Duration::from_secs(3600));
        let again = outbox::republish(&mut tx, now - hour, now).await.expect("due again");
        tx.commit().await.expect("committed");
        outbox.wake();
        assert_eq!(again, 1);
        until("it arrives", async || notes(&db).await == ["one"]).await;
        until("the outbox drains", async || pending(&db).await == 0).await;
        let mut tx = db.begin().await.expect("a transaction");
        let sql = "SELECT publication FROM outbox";
        let (publication,) = store::fetch_one!(tx, (i64,), sql).expect("it is kept");
        assert_eq!(publication, 1, "no server takes it for what it had before");
        drop(tx);
        bed.stop().await;
    }

    async fn events_of_a_process_that_died_are_published_at_the_next_start(database: TestDatabase) {
        let mut bed = Testbed::new();
        let (_, db, outbox) = open(&mut bed, &database).await;
        // Its relay never started; that of an earlier one had leased the event and died.
        append(&db, &outbox, "left behind").await;
        let mut tx = db.begin().await.expect("a transaction");
        let lease = Clock::system().now() + Duration::from_secs(60);
        store::execute!(tx, "UPDATE outbox SET due_at = $1", lease).expect("leased");
        tx.commit().await.expect("committed");
        db.close().await;
        bed.stop().await;

        let mut bed = Testbed::new();
        let (node, db, _) = open(&mut bed, &database).await;
        store::consume(&node, &db, "svc-shipping", &[CONFIRMED], |tx, event| {
            Box::pin(async move { Ok(note(tx, event.id, &event.aggregate_id).await?) })
        });
        bed.host().start();
        until("it arrives", async || notes(&db).await == ["left behind"]).await;
        bed.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_relay_and_consume_each_event_once_between_them() {
    let database = TestDatabase::postgres();
    let mut config = JetStreamConfig::new(server("TEST_NATS_URL"));
    config.prefix = unique_name();
    let mut replicas = Vec::new();
    for _ in 0..2 {
        let bus = Bus::jetstream(config.clone());
        let mut bed = Testbed::with(patient(Telemetry::detached(), bus));
        let (node, db, outbox) = open(&mut bed, &database).await;
        store::consume(&node, &db, "svc-shipping", &[CONFIRMED], |tx, event| {
            Box::pin(async move { Ok(note(tx, event.id, &event.aggregate_id).await?) })
        });
        bed.host().start();
        replicas.push((bed, db, outbox));
    }
    let names: Vec<String> = (0..300).map(|n| format!("{n:03}")).collect();
    for (n, name) in names.iter().enumerate() {
        let (_, db, outbox) = &replicas[n % 2];
        append(db, outbox, name).await;
    }
    let db = replicas[0].1.clone();
    until("the outbox drains", async || pending(&db).await == 0).await;
    until("all arrive", async || notes(&db).await.len() >= names.len()).await;
    assert_eq!(notes(&db).await, names);
    for (bed, _, _) in replicas {
        bed.stop().await;
    }
}

/// A database whose outbox has an event, and no relay.
async fn left(database: &TestDatabase) {
    let mut bed = Testbed::new();
    let (_, db, outbox) = open(&mut bed, database).await;
    append(&db, &outbox, "left behind").await;
    bed.stop().await;
}

store::on_both! {
    async fn a_test_that_leaves_an_event_in_the_outbox_fails_and_says_which(database: TestDatabase) {
        left(&database).await;
        let ends = tokio::task::spawn_blocking(move || drop(database)).await;
        let why = ends.expect_err("it fails").into_panic();
        let why = why.downcast_ref::<String>().expect("it says why");
        assert!(why.contains("orders.v1.OrderConfirmed of \"left behind\""), "{why}");
    }

    async fn a_test_may_leave_events_if_it_says_so(database: TestDatabase) {
        left(&database).await;
        database.leaves_events();
    }

    async fn what_is_still_under_way_when_a_test_ends_is_waited_for(database: TestDatabase) {
        let mut bed = Testbed::new();
        let (node, db, outbox) = open(&mut bed, &database).await;
        let (goes_on, released) = tokio::sync::watch::channel(false);
        let handled = Arc::new(AtomicU32::new(0));
        let counted = handled.clone();
        store::consume(&node, &db, "svc-shipping", &[CONFIRMED], move |_, _| {
            let (mut released, counted) = (released.clone(), counted.clone());
            Box::pin(async move {
                // The sender is gone with the test, which is as good.
                let _ = released.wait_for(|released| *released).await;
                counted.fetch_add(1, Ordering::Relaxed);
                Ok(())
            })
        });
        bed.host().start();
        append(&db, &outbox, "slow").await;
        assert_eq!(pending(&db).await, 1);
        drop((bed, goes_on));
        tokio::task::spawn_blocking(move || drop(database)).await.expect("it waits");
        assert_eq!(handled.load(Ordering::Relaxed), 1);
    }
}

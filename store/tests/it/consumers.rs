//! What consumers see of the call that an event was published in.

use std::sync::{Arc, Mutex};

use bus::Failure;
use contracts::tradewind::orders::v1::OrderConfirmed;
use runtime::{call::CallContext, testbed::Testbed};
use store::{Database, NewEvent, Outbox, testing::TestDatabase};
use tonic::{Code, Status};

use crate::{migrations, until};

#[tokio::test]
async fn a_consumer_runs_as_a_background_call_of_its_own() {
    let database = TestDatabase::sqlite();
    let mut bed = Testbed::new();
    let node = bed.node("svc-orders").await;
    let db = Database::open(&database.config(), &node, migrations())
        .await
        .expect("opened");
    let outbox = Outbox::new(&db, &node);
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = calls.clone();
    store::events::join(&node, "svc-shipping", &["orders.v1.*"], move |_| {
        let seen = seen.clone();
        async move {
            seen.lock().expect("no panic").push(CallContext::current());
            Ok(())
        }
    });
    bed.host().start();
    let mut tx = db.begin().await.expect("a transaction");
    let event = NewEvent::new("x", 1, &OrderConfirmed::default());
    outbox.append(&mut tx, event).await.expect("written");
    tx.commit().await.expect("committed");
    until("it is handled", async || {
        !calls.lock().expect("no panic").is_empty()
    })
    .await;
    let call = calls
        .lock()
        .expect("no panic")
        .remove(0)
        .expect("a call in progress");
    assert_eq!((call.deadline, call.caller.user), (None, None));
    bed.stop().await;
}

#[test]
fn a_callees_refusal_is_permanent_and_its_absence_transient() {
    let failure = |code| store::failure(&Status::new(code, ""));
    assert!(matches!(failure(Code::Unavailable), Failure::Transient(_)));
    assert!(matches!(
        failure(Code::DeadlineExceeded),
        Failure::Transient(_)
    ));
    assert!(matches!(
        failure(Code::FailedPrecondition),
        Failure::Permanent(_)
    ));
    assert!(matches!(failure(Code::NotFound), Failure::Permanent(_)));
}

#[test]
fn what_does_not_decode_is_permanent() {
    let event = bus::Event {
        id: crate::id(),
        subject: "orders.v1.OrderConfirmed".to_owned(),
        source: String::new(),
        aggregate_id: String::new(),
        version: 1,
        time: Default::default(),
        data: bytes::Bytes::from_static(b"\x0a\xff"),
        trace: Vec::new(),
        publication: 0,
    };
    assert!(matches!(
        store::message::<OrderConfirmed>(&event),
        Err(Failure::Permanent(_))
    ));
}

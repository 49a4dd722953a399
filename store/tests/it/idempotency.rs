use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt as _, future::join_all};
use net::clock::{Clock, ManualClock};
use runtime::{
    call::CallContext,
    contract::Contract,
    node::Node,
    status::{Problem, Reason, reason},
    testbed::Testbed,
};
use sha2::{Digest as _, Sha256};
use store::{Claim, Database, Idempotency, testing::TestDatabase};
use tokio::time::Instant;
use tonic::{Code, Status};

use crate::{id, migrations, note, notes};

const METHOD: &str = "/tradewind.orders.v1.OrdersService/CreateOrder";
const CANCEL: &str = "/tradewind.orders.v1.OrdersService/CancelOrder";

struct Service {
    _bed: Testbed,
    node: Node,
    hands: ManualClock,
    db: Database,
    calls: Idempotency,
}

impl Service {
    async fn open(database: &TestDatabase) -> Self {
        let (clock, hands) = Clock::manual(Clock::system().now());
        let mut bed = Testbed::with_clock(clock);
        let node = bed.node("svc-orders").await;
        let opened = Database::open(&database.config(), &node, migrations()).await;
        let db = opened.expect("opened");
        let calls = Idempotency::new(&db, &node);
        Self {
            _bed: bed,
            node,
            hands,
            db,
            calls,
        }
    }

    /// Places an order in two transactions.
    async fn place(&self, key: &str, request: &str) -> Result<String, Status> {
        let db = &self.db;
        let place = |_| async move {
            let order = id();
            let mut tx = db.begin_for(order).await?;
            note(&mut tx, order, "placed").await?;
            tx.commit().await?;
            let mut tx = db.begin().await?;
            note(&mut tx, order, "confirmed").await?;
            let reply = format!("order {order}");
            tx.answer(&reply).await?;
            tx.commit().await?;
            Ok(reply)
        };
        self.calls.once(&asking(key, request), place).await
    }
}

fn call(key: &str) -> CallContext {
    asking(key, "")
}

/// A call with a key, as the server stack makes it of a request.
fn asking(key: &str, request: &str) -> CallContext {
    CallContext {
        idempotency_key: Some(key.into()),
        request_hash: Some(Sha256::digest(request).into()),
        ..unkeyed(METHOD)
    }
}

/// A call without a key.
fn unkeyed(method: &str) -> CallContext {
    let contract = Contract::tradewind();
    CallContext {
        method: contract.method(method).cloned(),
        ..CallContext::background("test")
    }
}

async fn never(_: Claim) -> Result<String, Status> {
    panic!("the lease holds")
}

fn refusal() -> Status {
    Problem::new(
        Reason::InsufficientStock,
        Code::FailedPrecondition,
        "sold out",
    )
    .metadata("sku", "85123A")
    .into()
}

store::on_both! {
    async fn the_same_key_a_hundred_times_at_once_has_one_effect_and_one_reply(database: TestDatabase) {
        let service = Service::open(&database).await;
        // Another replica: nothing is shared but the database.
        let replica = Service {
            calls: Idempotency::new(&service.db, &service.node),
            db: service.db.clone(),
            node: service.node.clone(),
            hands: service.hands.clone(),
            _bed: Testbed::new(),
        };
        let both = [&service, &replica];
        let replies = join_all((0..100).map(|n| both[n % 2].place("k", "two teapots"))).await;
        let first = replies[0].as_ref().expect("a reply");
        for reply in &replies {
            assert_eq!(reply.as_ref().expect("a reply"), first);
        }
        assert_eq!(notes(&service.db).await, ["confirmed", "placed"]);
    }

    async fn another_request_with_the_key_is_refused(database: TestDatabase) {
        let service = Service::open(&database).await;
        service.place("k", "two teapots").await.expect("a reply");
        let status = service.place("k", "three teapots").await.expect_err("the key was used");
        assert_eq!(status.code(), Code::AlreadyExists);
        assert_eq!(reason(&status), Some(Reason::IdempotencyKeyReused));
        service.place("another", "three teapots").await.expect("a key of its own");
        assert_eq!(notes(&service.db).await.len(), 4);
    }

    async fn a_final_refusal_is_given_again_with_its_details(database: TestDatabase) {
        let service = Service::open(&database).await;
        let runs = AtomicU32::new(0);
        for _ in 0..2 {
            let refuse = |_: Claim| async {
                runs.fetch_add(1, Ordering::Relaxed);
                Err::<String, _>(refusal())
            };
            let refused = service.calls.once(&call("k"), refuse).await;
            let status = refused.expect_err("refused");
            assert_eq!(status.code(), Code::FailedPrecondition);
            assert_eq!(status.message(), "sold out");
            assert_eq!(status.details(), refusal().details());
        }
        assert_eq!(runs.load(Ordering::Relaxed), 1);
    }

    async fn after_a_transient_failure_a_repetition_goes_on_at_once(database: TestDatabase) {
        let service = Service::open(&database).await;
        let db = &service.db;
        let order = id();
        let fail = |_| async move {
            let tx = db.begin_for(order).await?;
            tx.commit().await?;
            Err::<String, Status>(Problem::unavailable("svc-inventory").into())
        };
        let failed = service.calls.once(&call("k"), fail).await;
        assert_eq!(failed.expect_err("it failed").code(), Code::Unavailable);
        let resume = |claim: Claim| async move {
            assert!(claim.resumed());
            Ok(claim.resource_id().map(str::to_owned).unwrap_or_default())
        };
        let reply = service.calls.once(&call("k"), resume).await;
        assert_eq!(reply.expect("a reply"), order.to_string());
    }

    async fn a_failure_before_the_claim_leaves_nothing_behind(database: TestDatabase) {
        let service = Service::open(&database).await;
        let fail = |_: Claim| async { Err::<String, Status>(Problem::unavailable("svc-users").into()) };
        let failed = service.calls.once(&call("k"), fail).await;
        assert_eq!(failed.expect_err("it failed").code(), Code::Unavailable);
        let run = |claim: Claim| async move { Ok(format!("resumed: {}", claim.resumed())) };
        let reply = service.calls.once(&call("k"), run).await;
        assert_eq!(reply.expect("a reply"), "resumed: false");
    }

    async fn a_claim_left_by_a_crash_holds_for_its_lease_and_is_then_resumed(database: TestDatabase) {
        let service = Service::open(&database).await;
        let (db, order) = (&service.db, id());
        let crash = Arc::new(tokio::sync::Notify::new());
        let claimed = crash.clone();
        let hang = |_| async move {
            let tx = db.begin_for(order).await?;
            tx.commit().await?;
            claimed.notify_one();
            std::future::pending::<Result<String, Status>>().await
        };
        let first = call("k");
        tokio::select! {
            _ = service.calls.once(&first, hang) => panic!("it never ends"),
            () = crash.notified() => {}
        }
        let soon = Instant::now() + Duration::from_millis(400);
        let repetition = call("k").with_deadline(soon);
        let aborted = service.calls.once(&repetition, never).await;
        let status = aborted.expect_err("it is in progress");
        assert_eq!((status.code(), reason(&status)), (Code::Aborted, Some(Reason::RequestInProgress)));
        assert!(Instant::now() <= soon, "it answers before the deadline");

        service.hands.advance(Duration::from_secs(31));
        let resume = |claim: Claim| async move {
            assert!(claim.resumed());
            Ok(claim.resource_id().map(str::to_owned).unwrap_or_default())
        };
        let reply = service.calls.once(&call("k"), resume).await;
        assert_eq!(reply.expect("a reply"), order.to_string());
    }

    async fn a_repetition_elsewhere_gets_the_first_answer_whatever_its_own(database: TestDatabase) {
        let service = Service::open(&database).await;
        let db = &service.db;
        let replica = Idempotency::new(db, &service.node);
        let (claimed, finish) = (&tokio::sync::Notify::new(), &tokio::sync::Notify::new());
        let (first, repetition) = (call("k"), call("k"));
        let slow = service.calls.once(&first, |_| async move {
            let tx = db.begin().await?;
            tx.commit().await?;
            claimed.notify_one();
            finish.notified().await;
            let mut tx = db.begin().await?;
            tx.answer(&"placed".to_owned()).await?;
            tx.commit().await?;
            Ok("placed".to_owned())
        });
        // It looked before the other had claimed the key.
        let (looked, go_on) = (&tokio::sync::Notify::new(), &tokio::sync::Notify::new());
        let refused = replica.once(&repetition, |_| async move {
            looked.notify_one();
            go_on.notified().await;
            finish.notify_one();
            Err::<String, Status>(refusal())
        });
        let order = async {
            looked.notified().await;
            tokio::join!(slow, async {
                claimed.notified().await;
                go_on.notify_one();
            })
        };
        let (refused, (slow, ())) = tokio::join!(refused, order);
        assert_eq!(slow.expect("a reply"), "placed");
        assert_eq!(refused.expect("the same reply"), "placed");
    }

    async fn a_claim_can_be_renewed_with_the_id_of_what_is_made(database: TestDatabase) {
        let service = Service::open(&database).await;
        let db = &service.db;
        let fail = |_| async move {
            let tx = db.begin().await?;
            tx.commit().await?;
            let tx = db.begin_for("order").await?;
            tx.commit().await?;
            Err::<String, Status>(Problem::unavailable("svc-inventory").into())
        };
        let failed = service.calls.once(&call("k"), fail).await;
        assert_eq!(failed.expect_err("it failed").code(), Code::Unavailable);
        let resume = |claim: Claim| async move {
            let mut tx = db.begin().await?;
            let made = claim.resource_id().unwrap_or_default().to_owned();
            tx.answer(&made).await?;
            tx.commit().await?;
            Ok(made)
        };
        for _ in 0..2 {
            let reply = service.calls.once(&call("k"), resume).await;
            assert_eq!(reply.expect("a reply"), "order");
        }
    }

    async fn a_transaction_outside_of_once_does_not_commit_the_effect_of_a_method_that_takes_a_key(
        database: TestDatabase
    ) {
        let service = Service::open(&database).await;
        let effect = async || {
            let mut tx = service.db.begin().await?;
            note(&mut tx, id(), "placed").await?;
            tx.commit().await
        };
        for call in [call("k"), unkeyed(METHOD)] {
            let forgotten = AssertUnwindSafe(call.scope(effect())).catch_unwind().await;
            let said = forgotten.expect_err("it panics");
            let said = said.downcast_ref::<String>().expect("with words");
            assert!(said.contains("OrdersService/CreateOrder has its effect once"), "{said}");
        }
        assert!(notes(&service.db).await.is_empty());
        // What is safe to repeat by its contract needs no key, and what is no call has none.
        for call in [unkeyed(CANCEL), CallContext::background("test")] {
            call.scope(effect()).await.expect("committed");
        }
        assert_eq!(notes(&service.db).await.len(), 2);
    }

    async fn an_effect_without_an_answer_or_what_to_go_on_from_is_a_mistake(database: TestDatabase) {
        let service = Service::open(&database).await;
        let db = &service.db;
        for call in [call("k"), unkeyed(METHOD)] {
            let forgets = service.calls.once(&call, |_| async move {
                let mut tx = db.begin().await?;
                note(&mut tx, id(), "placed").await?;
                tx.commit().await?;
                Ok(String::new())
            });
            let said = AssertUnwindSafe(forgets).catch_unwind().await.expect_err("it panics");
            let said = said.downcast_ref::<&str>().expect("with words");
            assert!(said.contains("committed its effect without the answer"), "{said}");
        }
    }

    async fn without_a_key_each_call_has_its_effect(database: TestDatabase) {
        let service = Service::open(&database).await;
        let db = &service.db;
        for _ in 0..2 {
            let run = |_| async move {
                let mut tx = db.begin().await?;
                note(&mut tx, id(), "placed").await?;
                tx.answer(&String::new()).await?;
                tx.commit().await?;
                Ok(String::new())
            };
            service.calls.once(&unkeyed(METHOD), run).await.expect("a reply");
        }
        assert_eq!(notes(&service.db).await, ["placed", "placed"]);
    }
}

#[tokio::test]
async fn a_process_with_a_file_of_its_own_resumes_the_claims_of_a_crash_at_once() {
    let database = TestDatabase::sqlite();
    let service = Service::open(&database).await;
    let db = &service.db;
    let first = call("k");
    let claimed = &tokio::sync::Notify::new();
    let hang = |_| async move {
        let tx = db.begin_for("order").await?;
        tx.commit().await?;
        claimed.notify_one();
        std::future::pending::<Result<String, Status>>().await
    };
    tokio::select! {
        _ = service.calls.once(&first, hang) => panic!("it never ends"),
        () = claimed.notified() => {}
    }
    service.db.close().await;
    let service = Service::open(&database).await;
    let resume =
        |claim: Claim| async move { Ok(claim.resource_id().unwrap_or_default().to_owned()) };
    let reply = service.calls.once(&first, resume).await;
    assert_eq!(reply.expect("a reply"), "order");
}

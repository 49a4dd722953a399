use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use futures::future::join_all;
use net::clock::{Clock, ManualClock};
use runtime::{
    call::CallContext,
    node::Node,
    status::{Problem, Reason, reason},
    testbed::Testbed,
};
use store::{Claim, Database, Idempotency, testing::TestDatabase};
use tokio::time::Instant;
use tonic::{Code, Status};

use crate::{id, migrations, note, notes};

const METHOD: &str = "/tradewind.orders.v1.OrdersService/CreateOrder";

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
        let place = |claim: Claim| async move {
            let order = id();
            let mut tx = db.begin().await?;
            claim.start_for(&mut tx, order).await?;
            note(&mut tx, order, "placed").await?;
            tx.commit().await?;
            let mut tx = db.begin().await?;
            note(&mut tx, order, "confirmed").await?;
            let reply = format!("order {order}");
            claim.finish(&mut tx, &reply).await?;
            tx.commit().await?;
            Ok(reply)
        };
        self.calls
            .once(&call(key), METHOD, &request.to_owned(), place)
            .await
    }
}

fn call(key: &str) -> CallContext {
    CallContext {
        idempotency_key: Some(key.into()),
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
            let refused = service.calls.once(&call("k"), METHOD, &String::new(), refuse).await;
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
        let fail = |claim: Claim| async move {
            let mut tx = db.begin().await?;
            claim.start_for(&mut tx, order).await?;
            tx.commit().await?;
            Err::<String, Status>(Problem::unavailable("svc-inventory").into())
        };
        let failed = service.calls.once(&call("k"), METHOD, &String::new(), fail).await;
        assert_eq!(failed.expect_err("it failed").code(), Code::Unavailable);
        let resume = |claim: Claim| async move {
            assert!(claim.resumed());
            Ok(claim.resource_id().map(str::to_owned).unwrap_or_default())
        };
        let reply = service.calls.once(&call("k"), METHOD, &String::new(), resume).await;
        assert_eq!(reply.expect("a reply"), order.to_string());
    }

    async fn a_failure_before_the_claim_leaves_nothing_behind(database: TestDatabase) {
        let service = Service::open(&database).await;
        let fail = |_: Claim| async { Err::<String, Status>(Problem::unavailable("svc-users").into()) };
        let failed = service.calls.once(&call("k"), METHOD, &String::new(), fail).await;
        assert_eq!(failed.expect_err("it failed").code(), Code::Unavailable);
        let run = |claim: Claim| async move { Ok(format!("resumed: {}", claim.resumed())) };
        let reply = service.calls.once(&call("k"), METHOD, &String::new(), run).await;
        assert_eq!(reply.expect("a reply"), "resumed: false");
    }

    async fn a_claim_left_by_a_crash_holds_for_its_lease_and_is_then_resumed(database: TestDatabase) {
        let service = Service::open(&database).await;
        let (db, order) = (&service.db, id());
        let crash = Arc::new(tokio::sync::Notify::new());
        let claimed = crash.clone();
        let hang = |claim: Claim| async move {
            let mut tx = db.begin().await?;
            claim.start_for(&mut tx, order).await?;
            tx.commit().await?;
            claimed.notify_one();
            std::future::pending::<Result<String, Status>>().await
        };
        let (first, request) = (call("k"), String::new());
        tokio::select! {
            _ = service.calls.once(&first, METHOD, &request, hang) => panic!("it never ends"),
            () = crash.notified() => {}
        }
        let soon = Instant::now() + Duration::from_millis(400);
        let repetition = call("k").with_deadline(soon);
        let aborted = service.calls.once(&repetition, METHOD, &request, never).await;
        let status = aborted.expect_err("it is in progress");
        assert_eq!((status.code(), reason(&status)), (Code::Aborted, Some(Reason::RequestInProgress)));
        assert!(Instant::now() <= soon, "it answers before the deadline");

        service.hands.advance(Duration::from_secs(31));
        let resume = |claim: Claim| async move {
            assert!(claim.resumed());
            Ok(claim.resource_id().map(str::to_owned).unwrap_or_default())
        };
        let reply = service.calls.once(&call("k"), METHOD, &request, resume).await;
        assert_eq!(reply.expect("a reply"), order.to_string());
    }

    async fn a_repetition_elsewhere_gets_the_first_answer_whatever_its_own(database: TestDatabase) {
        let service = Service::open(&database).await;
        let (db, request) = (&service.db, String::new());
        let replica = Idempotency::new(db, &service.node);
        let (claimed, finish) = (&tokio::sync::Notify::new(), &tokio::sync::Notify::new());
        let (first, repetition) = (call("k"), call("k"));
        let slow = service.calls.once(&first, METHOD, &request, |claim| async move {
            let mut tx = db.begin().await?;
            claim.start(&mut tx).await?;
            tx.commit().await?;
            claimed.notify_one();
            finish.notified().await;
            let mut tx = db.begin().await?;
            claim.finish(&mut tx, &"placed".to_owned()).await?;
            tx.commit().await?;
            Ok("placed".to_owned())
        });
        // It looked before the other had claimed the key.
        let (looked, go_on) = (&tokio::sync::Notify::new(), &tokio::sync::Notify::new());
        let refused = replica.once(&repetition, METHOD, &request, |_| async move {
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
        let (db, request) = (&service.db, String::new());
        let fail = |claim: Claim| async move {
            let mut tx = db.begin().await?;
            claim.start(&mut tx).await?;
            tx.commit().await?;
            let mut tx = db.begin().await?;
            claim.start_for(&mut tx, "order").await?;
            tx.commit().await?;
            Err::<String, Status>(Problem::unavailable("svc-inventory").into())
        };
        let failed = service.calls.once(&call("k"), METHOD, &request, fail).await;
        assert_eq!(failed.expect_err("it failed").code(), Code::Unavailable);
        let resume = |claim: Claim| async move {
            let mut tx = db.begin().await?;
            claim.start(&mut tx).await?;
            let made = claim.resource_id().unwrap_or_default().to_owned();
            claim.finish(&mut tx, &made).await?;
            tx.commit().await?;
            Ok(made)
        };
        for _ in 0..2 {
            let reply = service.calls.once(&call("k"), METHOD, &request, resume).await;
            assert_eq!(reply.expect("a reply"), "order");
        }
    }

    async fn without_a_key_each_call_has_its_effect(database: TestDatabase) {
        let service = Service::open(&database).await;
        let db = &service.db;
        for _ in 0..2 {
            let run = |claim: Claim| async move {
                let mut tx = db.begin().await?;
                claim.start(&mut tx).await?;
                note(&mut tx, id(), "placed").await?;
                claim.finish(&mut tx, &String::new()).await?;
                tx.commit().await?;
                Ok(String::new())
            };
            let call = CallContext::background("test");
            service.calls.once(&call, METHOD, &String::new(), run).await.expect("a reply");
        }
        assert_eq!(notes(&service.db).await, ["placed", "placed"]);
    }
}

#[tokio::test]
async fn a_process_with_a_file_of_its_own_resumes_the_claims_of_a_crash_at_once() {
    let database = TestDatabase::sqlite();
    let service = Service::open(&database).await;
    let db = &service.db;
    let (first, request) = (call("k"), String::new());
    let claimed = &tokio::sync::Notify::new();
    let hang = |claim: Claim| async move {
        let mut tx = db.begin().await?;
        claim.start_for(&mut tx, "order").await?;
        tx.commit().await?;
        claimed.notify_one();
        std::future::pending::<Result<String, Status>>().await
    };
    tokio::select! {
        _ = service.calls.once(&first, METHOD, &request, hang) => panic!("it never ends"),
        () = claimed.notified() => {}
    }
    service.db.close().await;
    let service = Service::open(&database).await;
    let resume =
        |claim: Claim| async move { Ok(claim.resource_id().unwrap_or_default().to_owned()) };
    let reply = service.calls.once(&first, METHOD, &request, resume).await;
    assert_eq!(reply.expect("a reply"), "order");
}

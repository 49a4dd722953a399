use std::time::Duration;

use chrono::TimeDelta;
use net::clock::Clock;
use runtime::testbed::Testbed;
use store::{Database, inbox};

use crate::{id, migrations, until};

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn count(database: &Database, sql: &'static str) -> i64 {
    let mut tx = database.read().await.expect("a connection");
    store::fetch_one!(tx, (i64,), sql).expect("counted").0
}

store::on_both! {
    async fn what_was_kept_long_enough_is_removed(database: TestDatabase) {
        database.leaves_events();
        let (clock, hands) = Clock::manual(Clock::system().now());
        let db = database.open(migrations()).await;
        let now = clock.now();
        let mut tx = db.begin().await.expect("a transaction");
        for (published, age) in [(true, 8), (true, 6), (false, 8)] {
            let sql = "INSERT INTO outbox (id, subject, aggregate_id, version, time, data, trace,
                                           due_at, published_at)
                       VALUES ($1, 'a.v1.B', '', 1, $2, $3, $4, $5, $6)";
            let at = now - TimeDelta::days(age);
            let (due, done) = if published { (None, Some(at)) } else { (Some(at), None) };
            let (data, trace) = (Vec::<u8>::new(), sqlx::types::Json(Vec::<String>::new()));
            store::execute!(tx, sql, id(), at, data, trace, due, done).expect("written");
        }
        for age in [36, 34] {
            let at = now - TimeDelta::days(age);
            assert!(inbox::first_time(&mut tx, "svc", id(), at).await.expect("noted"));
        }
        tx.commit().await.expect("committed");
        db.close().await;

        let mut bed = Testbed::with_clock(clock);
        let node = bed.node("svc-orders").await;
        let db = Database::open(&database.config(), &node, migrations()).await.expect("opened");
        bed.host().start();
        let received = "SELECT count(*) FROM inbox";
        until("old rows are removed", async || count(&db, received).await == 1).await;
        let published = "SELECT count(*) FROM outbox WHERE published_at IS NOT NULL";
        assert_eq!(count(&db, published).await, 1);
        assert_eq!(count(&db, "SELECT count(*) FROM outbox WHERE due_at IS NOT NULL").await, 1);
        hands.advance(DAY);
        bed.stop().await;
    }

    async fn an_event_is_new_to_each_group_once(database: TestDatabase) {
        let db = database.open(migrations()).await;
        let (event, now) = (id(), Clock::system().now());
        let mut tx = db.begin().await.expect("a transaction");
        assert!(inbox::first_time(&mut tx, "one", event, now).await.expect("noted"));
        assert!(inbox::first_time(&mut tx, "two", event, now).await.expect("noted"));
        assert!(!inbox::first_time(&mut tx, "one", event, now).await.expect("noted"));
    }
}

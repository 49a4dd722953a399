//! What is kept for a time only.

use std::time::Duration;

use contracts::tradewind::payments::v1::PaymentState;
use runtime::status::Reason;
use store::testing::{eventually, refused};
use svc_payments::Crash;

use crate::till::{Till, minor};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Tables that are removed from.
const KEPT_FOR_A_TIME: [&str; 3] = ["provider_events", "sandbox_events", "sandbox_keys"];
/// The books, which are not.
const BOOKS: [&str; 3] = ["payments", "operations", "postings"];

async fn counts(till: &Till, tables: [&str; 3]) -> [i64; 3] {
    let mut counts = [0; 3];
    for (count, table) in counts.iter_mut().zip(tables) {
        *count = till.count(table).await;
    }
    counts
}

async fn declined(till: &Till) {
    let payment = till.authorize(till.new_id(), "tok_decline_lost").await;
    refused(payment, Reason::PaymentDeclined);
    eventually("all is told, and heard", async || {
        till.count("sandbox_events WHERE times > 0").await == 0
            && till.count("payments WHERE due_at IS NOT NULL").await == 0
    })
    .await;
}

store::on_both! {
    async fn what_was_told_long_ago_is_forgotten_and_the_books_are_not(database: TestDatabase) {
        let till = Till::open(&database).await;
        let order = till.new_id();
        let taken = till.authorize(order, "tok_ok").await.unwrap().payment_id;
        till.capture(order, till.new_id(), 10_000).await.unwrap();
        till.reaches(&taken, PaymentState::Captured).await;
        declined(&till).await;
        let old = counts(&till, KEPT_FOR_A_TIME).await;
        assert!(old.iter().all(|count| *count > 1), "{old:?}");

        till.hands.advance(2 * DAY);
        declined(&till).await;
        let all = counts(&till, KEPT_FOR_A_TIME).await;
        let (books, objects) = (counts(&till, BOOKS).await, till.count("sandbox_intents").await);
        assert_eq!(objects, 3);

        // The first is older than 90 days now, and the second is not.
        till.hands.advance(89 * DAY);
        let till = till.again(&database, Crash::default()).await;
        let fresh = [0, 1, 2].map(|table| all[table] - old[table]);
        eventually("what is old is removed", async || {
            counts(&till, KEPT_FOR_A_TIME).await == fresh
        })
        .await;
        eventually("of objects, the one without money", async || {
            till.count("sandbox_intents").await == 2
        })
        .await;
        assert_eq!(counts(&till, BOOKS).await, books);

        // What was taken is still there to be given back.
        till.refund(&taken, till.new_id(), 10_000).await.unwrap();
        eventually("it is given back", async || {
            minor(&till.get(&taken).await.refunded) == 10_000
        })
        .await;
    }
}

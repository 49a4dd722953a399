//! What happens in the shop, as a receiver of the operator's gets it.

use std::time::Duration;

use bus::Delivery as Published;
use chrono::{DateTime, Utc};
use contracts::Event as _;
use contracts::tradewind::orders::v1::{Address, OrderConfirmed, OrderItem};
use serde_json::Value;
use store::testing::eventually;
use svc_notify::Config;
use uuid::Uuid;

use crate::bed::{Bed, DELIVERED, config};
use crate::receiver::{Answer, FINE, Receiver, Seen};

/// Longer than lines wait for others.
const WAIT: Duration = Duration::from_secs(6);
const HOUR: Duration = Duration::from_secs(3600);

/// Up to two lines go at once, to this receiver.
fn sending_to(receiver: &Receiver, mut config: Config) -> Config {
    config.analytics.analytics_url = Some(receiver.url().into());
    config.analytics.analytics_token = Some("open sesame".into());
    config.analytics.analytics_batch_size = 2;
    config
}

fn lines(seen: &Seen) -> Vec<Value> {
    assert!(seen.body.ends_with('\n'), "{}", seen.body);
    let lines = seen.body.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn ids(seen: &Seen) -> Vec<Uuid> {
    let lines = lines(seen).into_iter();
    lines
        .map(|line| line["id"].as_str().unwrap().parse().unwrap())
        .collect()
}

/// Waits until so many attempts have failed one after the other.
async fn failed(bed: &Bed, times: usize) {
    eventually(&format!("{times} have failed"), async || {
        let from = format!("analytics_turns WHERE failures = {times}");
        bed.count(&from).await == 1
    })
    .await;
}

async fn is_through(bed: &Bed) {
    eventually("all is taken, and gone", async || {
        bed.count("analytics_lines").await == 0
    })
    .await;
}

store::on_both! {
    async fn what_happens_is_sent_in_full_batches_or_after_a_while(database: TestDatabase) {
        let receiver = Receiver::always(FINE).await;
        let bed = Bed::with(&database, sending_to(&receiver, config(&database))).await;
        let mut events = Vec::new();
        for _ in 0..3 {
            events.push(bed.arrival().await);
        }
        eventually("a batch is full", async || receiver.seen().len() == 1).await;
        eventually("it is gone", async || bed.count("analytics_lines").await == 1).await;
        bed.hands.advance(WAIT);
        is_through(&bed).await;
        let seen = receiver.seen();
        assert_eq!(seen.iter().map(ids).collect::<Vec<_>>(), [&events[..2], &events[2..]]);
        assert_eq!(seen[0].header("content-type"), "application/x-ndjson");
        assert_eq!(seen[0].header("authorization"), "Bearer open sesame");
        let line = lines(&seen[0]).remove(0);
        assert_eq!(line["type"], DELIVERED);
        assert_eq!(line["data"]["version"], "3");
        let succeeded = [("outcome", "succeeded")];
        let metric = "tradewind_analytics_batch_duration_seconds_count";
        assert_eq!(bed.metric(metric, &succeeded), Some(2.0));
    }

    /// What comes meanwhile waits behind it.
    async fn a_receiver_that_fails_hangs_and_recovers_gets_all_of_it_in_order(
        database: TestDatabase
    ) {
        let receiver = Receiver::always(Answer::Status(500, "", "")).await;
        let mut config = sending_to(&receiver, config(&database));
        config.analytics.analytics_timeout = Duration::from_secs(1);
        let bed = Bed::with(&database, config).await;
        let mut events = vec![bed.arrival().await, bed.arrival().await];
        failed(&bed, 1).await;
        receiver.now(Answer::Hang);
        events.push(bed.arrival().await);
        bed.hands.advance(WAIT);
        failed(&bed, 2).await;
        receiver.now(Answer::Status(503, "retry-after: 7200\r\n", ""));
        bed.hands.advance(HOUR);
        failed(&bed, 3).await;
        let mut tx = bed.read().await;
        let due = store::fetch_one!(tx, (DateTime<Utc>,), "SELECT due_at FROM analytics_turns");
        drop(tx);
        assert_eq!((due.unwrap().0 - bed.node.clock.now()).num_seconds(), 7200);

        receiver.now(FINE);
        bed.hands.advance(3 * HOUR);
        is_through(&bed).await;
        let seen: Vec<_> = receiver.seen().iter().map(ids).collect();
        let (first, last) = events.split_at(2);
        assert_eq!(seen, [first, first, first, first, last]);
        assert_eq!(bed.count("analytics_turns WHERE failures = 0").await, 1);
    }

    async fn what_a_crash_has_left_is_sent_again_under_the_same_ids(database: TestDatabase) {
        let receiver = Receiver::always(Answer::Hang).await;
        let bed = Bed::with(&database, sending_to(&receiver, config(&database))).await;
        let events = [bed.arrival().await, bed.arrival().await];
        eventually("it is on its way", async || receiver.seen().len() == 1).await;
        bed.node.tasks.crash();
        receiver.now(FINE);
        let next = bed.replica(&database).await;
        next.hands.advance(Duration::from_secs(31));
        is_through(&next).await;
        let seen: Vec<_> = receiver.seen().iter().map(ids).collect();
        assert_eq!(seen, [events, events]);
    }

    async fn nobody_is_told_who_bought_what_and_without_an_address_nothing(
        database: TestDatabase
    ) {
        let receiver = Receiver::always(FINE).await;
        let bed = Bed::start(&database).await;
        bed.arrival().await;
        assert_eq!(bed.count("analytics_lines").await, 0);
        let bed = bed.restarted(&database, sending_to(&receiver, config(&database))).await;
        let canary = "canary-7d1f";
        let order = bed.new_id().to_string();
        let message = OrderConfirmed {
            order_id: order.clone(),
            version: 2,
            user_id: bed.new_id().to_string(),
            items: vec![OrderItem { title: canary.into(), ..OrderItem::default() }],
            ship_to: Some(Address {
                name: canary.into(),
                lines: vec![canary.into()],
                city: canary.into(),
                postal_code: canary.into(),
                ..Address::default()
            }),
        };
        let event = bed.event(OrderConfirmed::SUBJECT, &order, &message);
        assert_eq!(bed.publish(&event).await, Published::Settled);
        bed.hands.advance(WAIT);
        is_through(&bed).await;
        let seen = receiver.seen().remove(0);
        assert_eq!(lines(&seen)[0]["data"]["orderId"], order);
        assert!(!format!("{seen:?}").contains(canary), "{seen:?}");
    }
}

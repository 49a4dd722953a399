//! A process that dies between writing that something is to be sent, sending it, and noting that.

use std::time::Duration;

use contracts::tradewind::notify::v1::{DeleteWebhookRequest, Delivery, DeliveryState};
use store::testing::{TestDatabase, eventually};
use svc_notify::{Crash, Point};

use crate::bed::{Bed, config};
use crate::receiver::{FINE, Receiver, Seen};

/// What became of an event that a process died with.
struct Crashed {
    event: String,
    /// What had come until then.
    before: usize,
    /// What came in all.
    seen: Vec<Seen>,
    delivery: Delivery,
}

/// Has a process die at a point with an event, and the next one go on until it is delivered.
async fn crash(database: &TestDatabase, point: Point) -> Crashed {
    let (reached, is_reached) = std::sync::mpsc::channel();
    let mut config = config(database);
    config.crash = Crash::when(move |at| {
        let dies = at == point;
        if dies {
            let _ = reached.send(());
        }
        dies
    });
    let bed = Bed::with(database, config).await;
    let receiver = Receiver::always(FINE).await;
    let id = bed.listen(&receiver.url()).await;
    let event = bed.arrival().await.to_string();
    eventually("it dies", async || is_reached.try_recv().is_ok()).await;
    let before = receiver.seen().len();

    let bed = Box::pin(bed.again(database)).await;
    bed.hands.advance(Duration::from_secs(31));
    let delivery = bed.reaches(&id, DeliveryState::Succeeded).await;
    let seen = receiver.seen();
    let delete = DeleteWebhookRequest { webhook_id: id };
    bed.admin().delete_webhook(delete).await.unwrap();
    bed.stop().await;
    Crashed {
        event,
        before,
        seen,
        delivery,
    }
}

/// The test below has to find this mistake: whoever notes first that it was sent loses it.
#[tokio::test]
async fn what_is_noted_before_it_is_sent_is_lost_by_a_crash() {
    let database = TestDatabase::sqlite();
    net::planted::plant(Some("record before sending"));
    let crashed = Box::pin(crash(&database, Point::Claimed)).await;
    net::planted::plant(None);
    assert_eq!(crashed.seen.len(), 0, "{:?}", crashed.seen);
}

store::on_both! {
    async fn what_a_crash_has_left_is_sent_under_the_same_id(database: TestDatabase) {
        for point in [Point::Claimed, Point::Sent] {
            let Crashed { event, before, seen, delivery } = Box::pin(crash(&database, point)).await;
            assert_eq!(before, usize::from(point == Point::Sent));
            assert_eq!(delivery.attempts.len(), 1, "what nobody has noted is no attempt");
            assert_eq!(seen.len(), before + 1);
            assert!(seen.iter().all(|one| one.id() == event), "{seen:?}");
        }
    }

    async fn replicas_share_the_work(database: TestDatabase) {
        let bed = Bed::start(&database).await;
        let replica = bed.replica(&database).await;
        let receiver = Receiver::always(FINE).await;
        let id = bed.listen(&receiver.url()).await;
        const EVENTS: usize = 30;
        for _ in 0..EVENTS {
            bed.arrival().await;
        }
        eventually("all are sent", async || {
            let all = bed.deliveries(&id).await;
            all.iter().all(|one| one.state() == DeliveryState::Succeeded)
        })
        .await;
        assert_eq!(receiver.seen().len(), EVENTS, "each once");
        drop(replica);
    }
}

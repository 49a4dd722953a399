use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use bus::{BroadcastItem, Delivery, Event, Failure, WorkGroup, dead_letters};
use tokio_util::sync::CancellationToken;

use crate::{Member, PATIENCE, event, group, hear, servers::Place};

const CONFIRMED: &str = "orders.v1.OrderConfirmed";
const DEAD_LETTERS: &str = "tradewind_dead_letters_total";
const REDELIVERIES: &str = "tradewind_consumer_redeliveries_total";
/// `max_payload` of a NATS server that is not told otherwise.
const MAX_PAYLOAD: usize = 1 << 20;

#[tokio::test]
async fn an_event_comes_out_as_it_went_in() {
    let place = Place::new();
    let (publisher, consumer) = (place.connect().await, place.connect().await);
    let sent = event(CONFIRMED, 1);
    assert_eq!(
        publisher.publish(&sent, 1).await.expect("stored"),
        Delivery::Settled
    );
    // The group comes later than the event: the stream keeps it.
    let mut member = Member::join(&consumer, "svc-shipping", &[CONFIRMED], |_| Ok(()));
    assert_eq!(member.next().await, sent);
    member.leave().await;
}

#[tokio::test]
async fn how_far_a_consumer_is_can_be_seen() {
    let place = Place::new();
    let bus = place.connect().await;
    for version in 1..=3 {
        bus.publish(&event(CONFIRMED, version), 1)
            .await
            .expect("stored");
    }
    let member = Member::hang(&bus, "svc-shipping", CONFIRMED);
    let had = member.measured("tradewind_consumer_unacknowledged").await;
    let not_had = member.measured("tradewind_consumer_pending").await;
    assert_eq!(had + not_had, 3.0);
    let kept = bus.replicas("orders").await.expect("the server answers");
    assert_eq!(kept.map(|it| (it.configured, it.current)), Some((1, 1)));
}

#[tokio::test]
async fn what_a_stream_keeps_of_a_subject_is_read_from_its_beginning() {
    let place = Place::new();
    let bus = place.connect().await;
    let kept = async || {
        let mut kept = Vec::new();
        let read = bus.kept(CONFIRMED, |event| kept.push(event)).await;
        read.expect("the server answers");
        kept
    };
    assert_eq!(kept().await, [], "nobody has published yet");
    let sent: Vec<_> = (1..=300).map(|version| event(CONFIRMED, version)).collect();
    for event in &sent {
        bus.publish(event, 1).await.expect("stored");
    }
    let other = event("orders.v1.OrderChanged", 1);
    bus.publish(&other, 1).await.expect("stored");
    for _ in 0..2 {
        assert_eq!(kept().await, sent);
    }
}

#[tokio::test]
async fn replicas_of_a_group_share_the_events_and_each_group_gets_all() {
    let place = Place::new();
    let buses = [
        place.connect().await,
        place.connect().await,
        place.connect().await,
    ];
    let mut one = Member::join(&buses[0], "svc-shipping", &[CONFIRMED], |_| Ok(()));
    let mut two = Member::join(&buses[1], "svc-shipping", &[CONFIRMED], |_| Ok(()));
    let mut other = Member::join(&buses[2], "svc-notify", &["orders.v1.*"], |_| Ok(()));
    for version in 0..100 {
        buses[0]
            .publish(&event(CONFIRMED, version), 1)
            .await
            .expect("stored");
    }
    let (mut shared, mut all) = (HashSet::new(), HashSet::new());
    for _ in 0..100 {
        all.insert(other.next().await.version);
        let event = tokio::select! { event = one.next() => event, event = two.next() => event };
        shared.insert(event.version);
    }
    assert_eq!((shared.len(), all.len()), (100, 100));
    assert!(one.has_nothing() && two.has_nothing() && other.has_nothing());
}

#[tokio::test]
async fn a_repeated_publish_is_stored_once() {
    let place = Place::new();
    let bus = place.connect().await;
    let sent = event(CONFIRMED, 1);
    bus.publish(&sent, 1).await.expect("stored");
    bus.publish(&sent, 1).await.expect("recognised");
    bus.publish(&event(CONFIRMED, 2), 1).await.expect("stored");
    let mut member = Member::join(&bus, "svc-shipping", &[CONFIRMED], |_| Ok(()));
    assert_eq!(member.next().await.version, 1);
    assert_eq!(member.next().await.version, 2);
    let again = Event {
        publication: 1,
        ..sent.clone()
    };
    bus.publish(&again, 1).await.expect("stored");
    bus.publish(&again, 1).await.expect("recognised");
    bus.publish(&event(CONFIRMED, 3), 1).await.expect("stored");
    assert_eq!(member.next().await, sent);
    assert_eq!(member.next().await.version, 3);
}

#[tokio::test]
async fn a_transient_failure_comes_again_more_than_five_times_while_others_flow() {
    let place = Place::new();
    let bus = place.connect().await;
    let attempts = Arc::new(AtomicU32::new(0));
    let counted = attempts.clone();
    let mut member = Member::join(&bus, "svc-shipping", &[CONFIRMED], move |event| {
        if event.version == 0 && counted.fetch_add(1, Ordering::Relaxed) < 6 {
            return Err(Failure::Transient("Postgres is away".to_owned()));
        }
        Ok(())
    });
    for version in 0..20 {
        bus.publish(&event(CONFIRMED, version), 1)
            .await
            .expect("stored");
    }
    let mut given = Vec::new();
    while given.iter().filter(|version| **version == 0).count() < 7 {
        given.push(member.next().await.version);
    }
    let last_of_others = given.iter().rposition(|version| *version != 0);
    let third_attempt = given.iter().enumerate().filter(|(_, v)| **v == 0).nth(2);
    assert!(
        last_of_others < third_attempt.map(|(at, _)| at),
        "{given:?}"
    );
    assert_eq!(given.len(), 26);
    assert!(dead_letters::list(&bus).await.expect("listed").is_empty());
}

#[tokio::test]
async fn poison_is_a_dead_letter_after_five_attempts_and_can_be_replayed() {
    let place = Place::new();
    let bus = place.connect().await;
    let attempts = Arc::new(AtomicU32::new(0));
    let counted = attempts.clone();
    let mut member = Member::join(&bus, "svc-shipping", &[CONFIRMED], move |event| {
        let poison = event.version == 7 && counted.fetch_add(1, Ordering::Relaxed) < 5;
        assert!(!poison, "it is poison");
        Ok(())
    });
    assert_eq!(member.measured(DEAD_LETTERS).await, 0.0);
    let poison = event(CONFIRMED, 7);
    bus.publish(&poison, 1).await.expect("stored");
    bus.publish(&event(CONFIRMED, 8), 1).await.expect("stored");
    let mut given = Vec::new();
    for _ in 0..6 {
        given.push(member.next().await.version);
    }
    assert_eq!(given.iter().filter(|version| **version == 8).count(), 1);

    let listed = async {
        loop {
            let letters = dead_letters::list(&bus).await.expect("listed");
            if let Some(letter) = letters.into_iter().next() {
                return letter;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let letter = tokio::time::timeout(PATIENCE, listed)
        .await
        .expect("a dead letter in time");
    assert_eq!(
        (letter.group.as_str(), letter.subject.as_str()),
        ("svc-shipping", CONFIRMED)
    );
    assert!(letter.why.contains("it is poison"), "{}", letter.why);
    assert_eq!(letter.event.as_ref(), Some(&poison));
    member.measures(DEAD_LETTERS, |count| count == 1.0).await;
    assert_eq!(member.measured(REDELIVERIES).await, 4.0);

    assert!(
        dead_letters::replay(&bus, letter.id)
            .await
            .expect("replayed")
    );
    assert_eq!(member.next().await, poison);
    assert!(dead_letters::list(&bus).await.expect("listed").is_empty());
    assert!(
        !dead_letters::replay(&bus, letter.id)
            .await
            .expect("it is gone")
    );
}

#[tokio::test]
async fn poison_too_large_to_be_kept_with_its_reason_is_kept_without_its_data() {
    let place = Place::new();
    let bus = place.connect().await;
    let why = "x".repeat(500);
    let mut member = Member::join(&bus, "svc-shipping", &[CONFIRMED], move |event| {
        let failed = Failure::Permanent(why.clone());
        if event.version == 1 {
            Err(failed)
        } else {
            Ok(())
        }
    });
    // As much as the server takes, less the headers of an event.
    let mut large = event(CONFIRMED, 1);
    large.data = vec![b'x'; MAX_PAYLOAD - 600].into();
    bus.publish(&large, 1).await.expect("stored");
    let mut kept = dead_letters::list(&bus).await.expect("listed");
    while kept.is_empty() {
        kept = dead_letters::list(&bus).await.expect("listed");
    }
    let event = kept[0].event.as_ref().expect("what is known of it");
    assert_eq!((event.id, event.data.len()), (large.id, 0));
    assert!(kept[0].why.starts_with("xxx"), "{}", kept[0].why);
    let refused = dead_letters::replay(&bus, kept[0].id).await;
    assert!(refused.is_err_and(|error| error.to_string().contains("too large")));

    // It does not come again.
    for _ in 0..5 {
        assert_eq!(member.next().await.id, large.id);
    }
    bus.publish(&crate::event(CONFIRMED, 2), 1)
        .await
        .expect("stored");
    assert_eq!(member.next().await.version, 2);
    member.leave().await;
}

#[tokio::test]
async fn a_member_that_leaves_finishes_what_it_has_and_gives_back_the_rest() {
    let place = Place::new();
    let (bus, other) = (place.connect().await, place.connect().await);
    for version in 0..200 {
        bus.publish(&event(CONFIRMED, version), 1)
            .await
            .expect("stored");
    }
    let mut leaving = Member::join(&bus, "svc-shipping", &[CONFIRMED], |_| Ok(()));
    let mut seen = HashSet::from([leaving.next().await.version]);
    leaving.shutdown.cancel();
    while let Some(event) = leaving.given.recv().await {
        seen.insert(event.version);
    }
    let mut staying = Member::join(&other, "svc-shipping", &[CONFIRMED], |_| Ok(()));
    while seen.len() < 200 {
        assert!(seen.insert(staying.next().await.version), "given twice");
    }
}

#[tokio::test]
async fn a_broadcast_reaches_every_process() {
    let place = Place::new();
    let buses = [place.connect().await, place.connect().await];
    let mut listeners = buses
        .each_ref()
        .map(|bus| bus.broadcast(&["auth.v1.*", CONFIRMED]));
    for listener in &mut listeners {
        assert_eq!(hear(listener).await, BroadcastItem::Gap);
    }
    let sent = event("auth.v1.SessionsRevoked", 1);
    buses[0]
        .publish(&event("users.v1.UserChanged", 1), 1)
        .await
        .expect("stored");
    buses[0].publish(&sent, 1).await.expect("stored");
    for listener in &mut listeners {
        assert_eq!(hear(listener).await, BroadcastItem::Event(sent.clone()));
    }
}

#[tokio::test]
async fn a_slow_handler_keeps_its_event_and_a_crashed_one_loses_it() {
    let place = Place::impatient();
    let (bus, other) = (place.connect().await, place.connect().await);
    bus.publish(&event(CONFIRMED, 1), 1).await.expect("stored");
    let (tell, mut done) = tokio::sync::mpsc::unbounded_channel();
    let leave = CancellationToken::new();
    let join = |bus: &bus::Bus, work: Duration| {
        let tell = tell.clone();
        let group = WorkGroup {
            shutdown: leave.clone(),
            ..group("svc-shipping", &[CONFIRMED])
        };
        tokio::spawn(bus.work_group(group, move |_| {
            let tell = tell.clone();
            async move {
                tell.send("begun").expect("the test listens");
                tokio::time::sleep(work).await;
                tell.send("done").expect("the test listens");
                Ok(())
            }
        }))
    };
    // Three times as long as the server waits without a sign of life.
    let slow = join(&bus, Duration::from_millis(1800));
    let _other = join(&other, Duration::from_millis(1800));
    assert_eq!(
        (done.recv().await, done.recv().await),
        (Some("begun"), Some("done"))
    );
    bus.publish(&event(CONFIRMED, 2), 1).await.expect("stored");
    assert_eq!(
        (done.recv().await, done.recv().await),
        (Some("begun"), Some("done"))
    );
    leave.cancel();
    slow.await.expect("no panic");

    let place = Place::impatient();
    let (bus, other) = (place.connect().await, place.connect().await);
    let mut crashing = Member::hang(&bus, "svc-shipping", CONFIRMED);
    bus.publish(&event(CONFIRMED, 3), 1).await.expect("stored");
    assert_eq!(crashing.next().await.version, 3);
    crashing.crash();
    let mut living = Member::join(&other, "svc-shipping", &[CONFIRMED], |_| Ok(()));
    assert_eq!(living.next().await.version, 3);
}

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bus::{BroadcastItem, Bus, Delivery, Failure};

use crate::{Member, event, hear};

const CONFIRMED: &str = "orders.v1.OrderConfirmed";

async fn publish(bus: &Bus, version: i64, attempt: u32) -> Delivery {
    bus.publish(&event(CONFIRMED, version), attempt)
        .await
        .expect("in process it never fails")
}

#[tokio::test]
async fn publishing_returns_when_one_member_of_each_group_has_the_event() {
    let bus = Bus::in_process();
    let mut replicas = [
        Member::join(&bus, "svc-shipping", &[CONFIRMED], |_| Ok(())),
        Member::join(&bus, "svc-shipping", &[CONFIRMED], |_| Ok(())),
    ];
    let mut other = Member::join(&bus, "svc-notify", &["orders.v1.*"], |_| Ok(()));
    let mut stranger = Member::join(&bus, "svc-users", &["users.v1.*"], |_| Ok(()));
    assert_eq!(publish(&bus, 1, 1).await, Delivery::Settled);
    assert_eq!(other.next().await.version, 1);
    let given = replicas
        .iter_mut()
        .filter_map(|r| r.given.try_recv().ok())
        .count();
    assert_eq!(given, 1, "one of the replicas has it");
    assert!(stranger.has_nothing());
}

#[tokio::test]
async fn a_transient_failure_is_wanted_again_whatever_the_attempt() {
    let bus = Bus::in_process();
    let _away = Member::join(&bus, "svc-shipping", &[CONFIRMED], |_| {
        Err(Failure::Transient("Postgres is away".to_owned()))
    });
    let why = "svc-shipping: Postgres is away".to_owned();
    assert_eq!(
        publish(&bus, 1, 100).await,
        Delivery::Retry {
            why,
            permanent: false
        }
    );
}

#[tokio::test]
async fn a_permanent_failure_and_a_panic_are_dead_at_the_fifth_attempt() {
    let bus = Bus::in_process();
    let poisoned = Member::join(&bus, "svc-shipping", &[CONFIRMED], |event| {
        assert_ne!(event.version, 1, "poison");
        Err(Failure::Permanent("no such order".to_owned()))
    });
    for version in [1, 2] {
        for attempt in 1..5 {
            let delivery = publish(&bus, version, attempt).await;
            assert!(
                matches!(
                    delivery,
                    Delivery::Retry {
                        permanent: true,
                        ..
                    }
                ),
                "{delivery:?}"
            );
        }
        let Delivery::Dead { group, why } = publish(&bus, version, 5).await else {
            panic!("it is alive")
        };
        assert_eq!(group, "svc-shipping");
        assert!(
            why.contains(if version == 1 {
                "poison"
            } else {
                "no such order"
            }),
            "{why}"
        );
    }
    let measured = async |metric| poisoned.measured(metric).await;
    assert_eq!(measured("tradewind_dead_letters_total").await, 2.0);
    assert_eq!(measured("tradewind_consumer_redeliveries_total").await, 8.0);
    let durations = "messaging_process_duration_seconds_count";
    assert_eq!(measured(durations).await, 10.0);
}

#[tokio::test]
async fn an_event_is_not_dead_while_another_group_waits_for_it() {
    let bus = Bus::in_process();
    let away = Arc::new(AtomicBool::new(true));
    let is_away = away.clone();
    let _waits = Member::join(&bus, "svc-notify", &[CONFIRMED], move |_| {
        if is_away.load(Ordering::Relaxed) {
            Err(Failure::Transient(String::new()))
        } else {
            Ok(())
        }
    });
    let _gave_up = Member::join(&bus, "svc-shipping", &[CONFIRMED], |_| {
        Err(Failure::Permanent(String::new()))
    });
    assert!(matches!(publish(&bus, 1, 9).await, Delivery::Retry { .. }));
    away.store(false, Ordering::Relaxed);
    assert!(matches!(publish(&bus, 1, 9).await, Delivery::Dead { .. }));
}

#[tokio::test]
async fn a_group_that_stopped_keeps_its_events_until_it_is_back() {
    let bus = Bus::in_process();
    let member = Member::join(&bus, "svc-shipping", &[CONFIRMED], |_| Ok(()));
    member.leave().await;
    assert!(matches!(
        publish(&bus, 1, 1).await,
        Delivery::Retry {
            permanent: false,
            ..
        }
    ));
    let mut back = Member::join(&bus, "svc-shipping", &[CONFIRMED], |_| Ok(()));
    assert_eq!(publish(&bus, 1, 1).await, Delivery::Settled);
    assert_eq!(back.next().await.version, 1);
}

#[tokio::test]
async fn a_broadcast_begins_with_a_gap_and_tells_of_each_gap() {
    let bus = Bus::in_process();
    let mut broadcast = bus.broadcast(&["orders.v1.*"]);
    assert_eq!(hear(&mut broadcast).await, BroadcastItem::Gap);
    bus.publish(&event("users.v1.UserChanged", 1), 1)
        .await
        .expect("in process");
    publish(&bus, 2, 1).await;
    let BroadcastItem::Event(heard) = hear(&mut broadcast).await else {
        panic!("a gap")
    };
    assert_eq!(heard.version, 2);
    for version in 0..5000 {
        publish(&bus, version, 1).await;
    }
    assert_eq!(hear(&mut broadcast).await, BroadcastItem::Gap);
}

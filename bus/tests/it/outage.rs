use std::collections::HashSet;

use async_nats::jetstream::consumer::pull;
use bus::{BroadcastItem, Bus, JetStreamConfig, PublishError, Status};
use tokio_util::sync::CancellationToken;

use crate::{
    Member, PATIENCE, event, hear,
    servers::{Server, ready},
};

const CONFIRMED: &str = "orders.v1.OrderConfirmed";

#[tokio::test]
async fn a_bus_waits_for_its_server_and_says_so() {
    let mut server = Server::stopped();
    let bus = Bus::jetstream(JetStreamConfig::new(server.url()));
    let mut early = Member::join(&bus, "svc-shipping", &[CONFIRMED], |_| Ok(()));
    let refused = async {
        loop {
            let why = bus.ready().await.expect_err("there is no server");
            if why.contains("refused") {
                return why;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let why = tokio::time::timeout(PATIENCE, refused)
        .await
        .expect("it says why in time");
    assert!(why.contains(&server.url()), "{why}");
    let published = bus.publish(&event(CONFIRMED, 1), 1).await;
    assert!(matches!(published, Err(PublishError::Unavailable(_))));

    server.start();
    ready(&bus).await;
    bus.publish(&event(CONFIRMED, 2), 1).await.expect("stored");
    assert_eq!(early.next().await.version, 2);
}

#[tokio::test]
async fn a_cluster_is_named_by_several_servers() {
    let (away, mut server) = (Server::stopped(), Server::stopped());
    server.start();
    let cluster = format!("{},{}", away.url(), server.url());
    let bus = Bus::jetstream(JetStreamConfig::new(cluster));
    ready(&bus).await;
    bus.publish(&event(CONFIRMED, 1), 1).await.expect("stored");
}

#[tokio::test]
async fn a_killed_server_loses_nothing_it_acknowledged_and_work_goes_on() {
    let mut server = Server::stopped();
    server.start();
    let bus = Bus::jetstream(JetStreamConfig::new(server.url()));
    ready(&bus).await;
    let mut broadcast = bus.broadcast(&["orders.v1.*"]);
    assert_eq!(hear(&mut broadcast).await, BroadcastItem::Gap);

    for version in 0..50 {
        bus.publish(&event(CONFIRMED, version), 1)
            .await
            .expect("stored");
    }
    server.kill();
    notice(&bus).await;
    assert!(bus.publish(&event(CONFIRMED, 50), 1).await.is_err());
    let mut member = Member::join(&bus, "svc-shipping", &[CONFIRMED], |_| Ok(()));

    server.start();
    ready(&bus).await;
    let mut seen = HashSet::new();
    while seen.len() < 50 {
        seen.insert(member.next().await.version);
    }

    // Again, with the member at work.
    server.kill();
    server.start();
    ready(&bus).await;
    let publish = async {
        while bus.publish(&event(CONFIRMED, 51), 1).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, publish)
        .await
        .expect("published in time");
    while member.next().await.version != 51 {}

    let mut gaps = 0;
    while gaps < 2 {
        gaps += usize::from(hear(&mut broadcast).await == BroadcastItem::Gap);
    }
}

#[tokio::test]
async fn whoever_leaves_after_an_outage_asks_for_nothing_in_the_place_of_what_was_forgotten() {
    let mut server = Server::stopped();
    server.start();
    let bus = Bus::jetstream(JetStreamConfig::new(server.url()));
    ready(&bus).await;
    let done = CancellationToken::new();
    let mut member = Member::hold(&bus, "svc-shipping", CONFIRMED, done.clone());
    // As many as a member has in hand at once, so that it waits for no more.
    for version in 0..16 {
        let published = bus.publish(&event(CONFIRMED, version), 1).await;
        published.expect("stored");
        member.next().await;
    }

    server.kill();
    notice(&bus).await;
    server.start();
    ready(&bus).await;
    for version in 16..40 {
        let published = bus.publish(&event(CONFIRMED, version), 1).await;
        published.expect("stored");
    }
    let client = async_nats::connect(server.url()).await.expect("it runs");
    let context = async_nats::jetstream::new(client);
    let given = async || {
        let consumer = context.get_consumer_from_stream::<pull::Config, _, _>(
            "svc-shipping-v1-OrderConfirmed",
            "ORDERS",
        );
        let mut consumer = consumer.await.expect("the member made it");
        let info = consumer.info().await.expect("it is known");
        info.delivered.consumer_sequence
    };
    let before = given().await;
    member.shutdown.cancel();
    done.cancel();
    member.leave().await;
    assert_eq!(given().await, before);
}

/// Until the bus knows that its server is away.
async fn notice(bus: &Bus) {
    let noticed = async {
        while matches!(bus.status(), Status::Connected) {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, noticed)
        .await
        .expect("the outage is noticed");
}

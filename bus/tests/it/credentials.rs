//! A server whose users may use their own subjects alone.

use async_nats::{
    ConnectOptions,
    jetstream::{self, consumer::pull},
};
use bus::{BroadcastItem, Bus, JetStreamConfig};

use crate::{
    Member, event, hear,
    servers::{Server, ready},
};

const CONFIRMED: &str = "orders.v1.OrderConfirmed";

/// `admin` may do everything; `svc-orders` publishes, `svc-shipping` consumes, and neither makes
/// streams.
const USERS: &str = r#"authorization { users: [
  { user: admin, password: secret }
  { user: svc-orders, password: secret, permissions: {
    publish: { allow: ["$JS.API.INFO", "$JS.API.STREAM.INFO.ORDERS", "orders.v1.*"] }
    subscribe: { allow: ["_INBOX.svc-orders.>"] } } }
  { user: svc-shipping, password: secret, permissions: {
    publish: { allow: [
      "$JS.API.INFO",
      "$JS.API.CONSUMER.CREATE.ORDERS.svc-shipping-v1-OrderConfirmed.orders.v1.OrderConfirmed",
      "$JS.API.CONSUMER.INFO.ORDERS.svc-shipping-v1-OrderConfirmed",
      "$JS.API.CONSUMER.MSG.NEXT.ORDERS.svc-shipping-v1-OrderConfirmed",
      "$JS.ACK.ORDERS.svc-shipping-v1-OrderConfirmed.>",
      "dead_letters.svc-shipping.>",
    ] }
    subscribe: { allow: ["_INBOX.svc-shipping.>", "orders.v1.OrderConfirmed"] } } }
] }
"#;

async fn connect(server: &Server, user: &str) -> Bus {
    let mut config = JetStreamConfig::new(server.url_of(user, "secret"));
    config.makes_streams = false;
    let bus = Bus::jetstream(config);
    ready(&bus).await;
    bus
}

#[tokio::test]
async fn those_who_may_not_make_streams_use_the_ones_that_are_there() {
    let mut server = Server::stopped();
    server.start_with(USERS);
    let admin = connect(&server, "admin").await;
    let (orders, shipping) = (
        connect(&server, "svc-orders").await,
        connect(&server, "svc-shipping").await,
    );
    // Without a stream nothing is lost: the publisher keeps its event, the consumer waits.
    assert!(orders.publish(&event(CONFIRMED, 1), 1).await.is_err());
    let mut member = Member::join(&shipping, "svc-shipping", &[CONFIRMED], |event| {
        if event.version == 3 {
            return Err(bus::Failure::Permanent("it is poison".to_owned()));
        }
        Ok(())
    });

    admin.make_streams(&["orders"]).await.expect("made");
    let kept = orders.replicas("orders").await;
    assert!(
        kept.is_ok_and(|kept| kept.is_some()),
        "it may look at its own"
    );
    let mut broadcast = shipping.broadcast(&[CONFIRMED]);
    assert_eq!(hear(&mut broadcast).await, BroadcastItem::Gap);
    let sent = event(CONFIRMED, 2);
    orders.publish(&sent, 1).await.expect("stored");
    assert_eq!(
        hear(&mut broadcast).await,
        BroadcastItem::Event(sent.clone())
    );
    assert_eq!(member.next().await, sent);

    orders
        .publish(&event(CONFIRMED, 3), 1)
        .await
        .expect("stored");
    let mut letters = Vec::new();
    while letters.is_empty() {
        letters = bus::dead_letters::list(&admin).await.expect("listed");
    }
    assert_eq!(letters[0].group, "svc-shipping");
    // Made again, it is as it was.
    admin
        .make_streams(&["orders"])
        .await
        .expect("there already");

    // Whoever connects again asks how its consumer stands, and does not go on before it knows.
    server.kill();
    server.start_with(USERS);
    ready(&orders).await;
    orders
        .publish(&event(CONFIRMED, 4), 1)
        .await
        .expect("stored");
    while member.next().await.version != 4 {}
    let log = server.log();
    assert!(!log.contains("Violation"), "{log}");
}

/// The server lets whoever asks for a message name any subject for the answer.
#[tokio::test]
async fn a_message_that_is_sent_to_anothers_subject_is_not_taken_for_its_event() {
    const REVOKED: &str = "auth.v1.SessionsRevoked";
    let mut server = Server::stopped();
    server.start_with(USERS);
    let admin = connect(&server, "admin").await;
    admin.make_streams(&["orders", "auth"]).await.expect("made");
    let mut told = Member::join(&admin, "svc-notify", &[REVOKED], |_| Ok(()));
    let mut heard = admin.broadcast(&[REVOKED]);
    assert_eq!(hear(&mut heard).await, BroadcastItem::Gap);

    let order = event(CONFIRMED, 1);
    admin.publish(&order, 1).await.expect("stored");
    let context = jetstream::new(client(&server, "admin").await);
    let consumer = pull::Config {
        durable_name: Some("svc-shipping-v1-OrderConfirmed".to_owned()),
        ..pull::Config::default()
    };
    let consumer = context.create_consumer_on_stream(consumer, "ORDERS");
    let mut consumer = consumer.await.expect("made");
    let attacker = client(&server, "svc-shipping").await;
    let next = "$JS.API.CONSUMER.MSG.NEXT.ORDERS.svc-shipping-v1-OrderConfirmed";
    let asked = attacker.publish_with_reply(next, REVOKED, "1".into()).await;
    asked.expect("asked");
    while consumer
        .info()
        .await
        .expect("known")
        .delivered
        .stream_sequence
        == 0
    {}

    let genuine = event(REVOKED, 2);
    admin.publish(&genuine, 1).await.expect("stored");
    assert_eq!(
        hear(&mut heard).await,
        BroadcastItem::Event(genuine.clone())
    );
    assert_eq!(told.next().await, genuine);
}

async fn client(server: &Server, user: &str) -> async_nats::Client {
    let options = ConnectOptions::with_user_and_password(user.to_owned(), "secret".to_owned());
    options.connect(server.url()).await.expect("connected")
}

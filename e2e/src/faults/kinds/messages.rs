//! Events that come more than once, in any order, or that nobody can read.

use std::time::Duration;

use net::random::Random;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    time::sleep,
};

use crate::{
    faults::{
        fault::{Fault, Notice, nothing},
        stage::Stage,
    },
    services::SERVICES,
};

/// How often everything of late is published again.
const ROUNDS: usize = 8;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "every_event_comes_three_times_and_out_of_order",
        notice: Notice::Nothing,
        lasts: Duration::ZERO,
        inject: |stage| {
            Box::pin(async {
                for _ in 0..ROUNDS {
                    repeat(stage).await;
                    sleep(Duration::from_millis(500)).await;
                }
            })
        },
        heal: nothing,
    },
    Fault {
        name: "an_event_is_poison",
        notice: Notice::Nothing,
        lasts: Duration::from_secs(2),
        inject: |stage| {
            Box::pin(async {
                let subject = "orders.v1.OrderConfirmed";
                let databases = &stage.mesh.databases;
                databases
                    .append_event("svc-orders", uuid::Uuid::now_v7(), subject, b"poison")
                    .await;
                // Of svc-shipping and of svc-notify.
                stage.dead += 2;
            })
        },
        heal: nothing,
    },
];

/// What services have published of late, and have published it.
const LATE: &str = "SELECT subject, json_build_object(
        'id', id, 'aggregate', aggregate_id, 'version', version, 'data', encode(data, 'hex'),
        'time', to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')
    )::text FROM outbox WHERE published_at > {now} - interval '5 seconds'";

/// Publishes each event of late twice more, all of them in any order. Without a message's id, the
/// server does not recognise them.
async fn repeat(stage: &mut Stage) {
    let mut messages = Vec::new();
    for service in SERVICES {
        for (subject, event) in stage.mesh.databases.pairs(service, LATE).await {
            let event: Value = serde_json::from_str(&event).expect("Postgres writes JSON");
            let message = message(service, &subject, &event);
            messages.extend([message.clone(), message]);
        }
    }
    shuffle(&mut messages, &stage.random);
    let url = url::Url::parse(&stage.nats().url).expect("it is a URL");
    publish(&url, &messages).await.expect("NATS takes messages");
}

fn shuffle<T>(list: &mut [T], random: &Random) {
    for last in (1..list.len()).rev() {
        list.swap(last, random.below(last + 1));
    }
}

/// An event as bus/src/jetstream/headers.rs writes it, in NATS' own protocol.
fn message(source: &str, subject: &str, event: &Value) -> Vec<u8> {
    let text = |name: &str| event[name].as_str().unwrap_or_default();
    let data = text("data").as_bytes().chunks(2).filter_map(|digits| {
        let digits = str::from_utf8(digits).ok()?;
        u8::from_str_radix(digits, 16).ok()
    });
    let data: Vec<u8> = data.collect();
    let aggregate = text("aggregate").replace('%', "%25").replace(' ', "%20");
    let headers = format!(
        "NATS/1.0\r\nce-specversion: 1.0\r\nce-id: {}\r\nce-source: {source}\r\n\
         ce-type: tradewind.{subject}\r\nce-subject: {aggregate}\r\nce-aggregateversion: {}\r\n\
         ce-time: {}\r\ncontent-type: application/protobuf\r\n\r\n",
        text("id"),
        event["version"],
        text("time")
    );
    let (head, all) = (headers.len(), headers.len() + data.len());
    let line = format!("HPUB {subject} {head} {all}\r\n");
    [line.as_bytes(), headers.as_bytes(), &data, b"\r\n"].concat()
}

/// Sends messages to NATS as the URL's user, and returns when the server has them.
async fn publish(url: &url::Url, messages: &[Vec<u8>]) -> std::io::Result<()> {
    let address = (
        url.host_str().unwrap_or_default(),
        url.port().unwrap_or(4222),
    );
    let mut stream = BufReader::new(TcpStream::connect(address).await?);
    let password = url.password().unwrap_or_default();
    let connect = serde_json::json!({
        "user": url.username(), "pass": password, "headers": true, "verbose": false, "pedantic": false,
        "protocol": 1, "lang": "tests", "version": "0", "no_responders": true,
    });
    stream
        .write_all(format!("CONNECT {connect}\r\n").as_bytes())
        .await?;
    stream.write_all(&messages.concat()).await?;
    stream.write_all(b"PING\r\n").await?;
    stream.flush().await?;
    let mut lines = stream.lines();
    while let Some(line) = lines.next_line().await? {
        match line.as_str() {
            "PONG" => return Ok(()),
            line if line.starts_with("-ERR") => return Err(std::io::Error::other(line)),
            _ => {}
        }
    }
    Err(std::io::ErrorKind::UnexpectedEof.into())
}

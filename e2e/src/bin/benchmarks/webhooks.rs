//! Telling webhooks, to a receiver that answers at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use e2e::{Mesh, Setup, mesh::Kind};
use serde_json::json;
use sqlx::PgConnection;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep},
};

use crate::{
    median,
    orders::postmaster,
    pgbench,
    report::{Section, verdict},
    tell,
    usage::{self, Costs},
};

const DELIVERIES: u64 = 10_000;
const ROUNDS: usize = 3;
/// Deliveries a second of a core.
const AIM: f64 = 500.0;
/// How much larger the process may be after the last round than after the first, in MiB.
const AIM_GROWTH: f64 = 8.0;
const PATIENCE: Duration = Duration::from_secs(600);

/// Deliveries that came to their end; each round sends them once more.
const FILL: &str =
    "INSERT INTO deliveries (delivery_id, webhook_id, event_id, event_type, event_time, payload,
        state, round, failures, due_at, create_time, update_time)
    SELECT gen_random_uuid(), webhook_id, gen_random_uuid(), 'shipping.v1.ShipmentDelivered',
        now() - interval '1 minute', $1, 'SUCCEEDED', 0, 0, NULL, now(), now()
    FROM webhooks, generate_series(1, $2::bigint)";
const PAYLOAD: &str = r#"{"type":"shipping.v1.ShipmentDelivered","timestamp":"2025-11-30T16:00:00.000000Z","data":{"shipmentId":"0197d3a5-6a1b-7c44-9d0e-2f6f4a3c9b10","orderId":"0197d3a5-6a1b-7c44-9d0e-2f6f4a3c9b11","version":"3"}}"#;

pub(crate) async fn measure() -> Section {
    tell("starting the mesh as separate processes");
    let setup = Setup::new(Kind::Real)
        .with("WEBHOOK_ALLOW_HTTP", "true")
        .with("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8")
        .with("WEBHOOK_PORTS", "any");
    let mesh = Mesh::start(setup).await;
    let (postmaster, admin) = (postmaster().await, mesh.admin().await);
    let receiver = Receiver::start().await;
    let webhook = json!({"url": receiver.url, "eventTypes": ["shipping.v1.ShipmentDelivered"]});
    let made = admin.post("/v1/webhooks", &webhook).await.expect(201);
    let replay = format!("/v1/webhooks/{}:replay", made.text_at("/webhook/webhookId"));
    let url = mesh.databases.url("svc-notify").expect("it is on a server");
    let mut database = pgbench::connect(&url).await;
    sqlx::query(FILL)
        .bind(PAYLOAD)
        .bind(DELIVERIES.cast_signed())
        .execute(&mut database)
        .await
        .expect("deliveries can be written");

    let process = mesh.id("svc-notify-0");
    let before = usage::resident(process);
    let (mut rates, mut costs, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        tell(&format!("webhooks, round {round} of {ROUNDS}"));
        let (used, began) = (Costs::now(postmaster), Instant::now());
        let told = receiver.count();
        admin.post(&replay, &json!({})).await.expect(200);
        settled(&mut database).await;
        rates.push(DELIVERIES as f64 / began.elapsed().as_secs_f64());
        costs.push(used.per(DELIVERIES));
        sizes.push(usage::resident(process));
        let told = receiver.count() - told;
        assert!(
            told >= DELIVERIES,
            "the receiver has {told} of {DELIVERIES}"
        );
    }
    let costs = Costs::medians(&costs);
    let own = costs.iter().find(|(name, _)| name == "svc-notify");
    let core = 1e6 / own.map_or(f64::NAN, |(_, micros)| *micros);
    let (first, last) = (sizes[0], sizes[ROUNDS - 1]);

    let mut section = Section::new("Telling webhooks");
    section.say(&format!(
        "{DELIVERIES} events to one webhook on Postgres, whose receiver answers 204 at once over plain \
         HTTP: replayed by `:replay`, until each is SUCCEEDED and its attempt is noted. {ROUNDS} times, \
         with the settings that webhooks have by default."
    ));
    let row = |what: &str, measured: String, aim: String| vec![what.to_owned(), measured, aim];
    let size = |size: f64| format!("{size:.0} MiB");
    let growth = last - first;
    section.table(
        &["", "measured", "aim"],
        &[
            row(
                "deliveries a second of a core of svc-notify, by its CPU time",
                format!("{core:.0}"),
                format!("{AIM:.0}: {}", verdict(core >= AIM)),
            ),
            row(
                "deliveries a second, of the whole machine",
                format!("{:.0}", median(rates)),
                String::new(),
            ),
            row("resident, before", size(before), String::new()),
            row(
                &format!("resident, after the first {DELIVERIES}"),
                size(first),
                String::new(),
            ),
            row(
                &format!("resident, after {ROUNDS} times as many"),
                size(last),
                format!(
                    "at most {AIM_GROWTH:.0} MiB more: {}",
                    verdict(growth <= AIM_GROWTH)
                ),
            ),
        ],
    );
    section.say(&format!("CPU time per delivery: {}.", Costs::list(&costs)));
    section
}

/// Waits until each delivery has come to its end.
async fn settled(database: &mut PgConnection) {
    let start = Instant::now();
    loop {
        let waits = "SELECT EXISTS (SELECT 1 FROM deliveries WHERE due_at IS NOT NULL)";
        let waits: bool = sqlx::query_scalar(waits)
            .fetch_one(&mut *database)
            .await
            .expect("Postgres answers");
        if !waits {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "deliveries wait still");
        sleep(Duration::from_millis(50)).await;
    }
}

/// Answers all that comes.
struct Receiver {
    url: String,
    count: Arc<AtomicU64>,
}

impl Receiver {
    async fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a port is free");
        let address = listener.local_addr().expect("it listens");
        let count = Arc::<AtomicU64>::default();
        let counted = count.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(answer(socket, counted.clone()));
            }
        });
        Receiver {
            url: format!("http://{address}/"),
            count,
        }
    }

    fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

/// Answers requests of a connection until it ends.
async fn answer(mut socket: TcpStream, count: Arc<AtomicU64>) -> std::io::Result<()> {
    let (read, mut write) = socket.split();
    let mut read = BufReader::new(read);
    let (mut line, mut body) = (String::new(), Vec::new());
    let mut length = 0;
    loop {
        line.clear();
        if read.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let head = line.trim_end().to_ascii_lowercase();
        if let Some(value) = head.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if head.is_empty() {
            body.resize(length, 0);
            read.read_exact(&mut body).await?;
            count.fetch_add(1, Ordering::Relaxed);
            write.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await?;
            length = 0;
        }
    }
}

//! Each workload logs in to NATS, Redis and Postgres as itself, and reaches there what is its own
//! alone. That it reaches all of that is shown by every test on real servers, which run with these
//! very users.

use std::{process::Command, time::Duration};

use e2e::{
    Mesh, Setup,
    condition::eventually,
    credentials::Credentials,
    mesh::Kind,
    process::binary,
    servers::Server,
    services::SERVICES,
    shop::{self, Customer},
};
use serde_json::json;
use sqlx::Connection as _;

use line::Line;

const PATIENCE: Duration = Duration::from_secs(60);

fn workloads() -> impl Iterator<Item = &'static str> {
    SERVICES.into_iter().chain(["edge"])
}

/// The subjects' first token of a workload's own events.
fn name(workload: &str) -> &str {
    workload.trim_start_matches("svc-")
}

/// NATS with everybody's users, and the streams that the operator makes.
async fn nats(folder: &std::path::Path, credentials: &Credentials) -> Server {
    let nats = Server::nats_of(folder, credentials).await;
    let made = Command::new(binary("tradewind"))
        .args(["streams", "--nats-url", &nats.url])
        .status();
    assert!(
        made.is_ok_and(|status| status.success()),
        "streams are made"
    );
    nats
}

#[tokio::test]
async fn a_workload_may_not_use_the_subjects_of_another_on_nats() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let credentials = Credentials::make(folder.path());
    let nats = nats(folder.path(), &credentials).await;
    let durables = [
        ("USERS", "svc-auth", "svc-auth-v1-UserDeactivated"),
        ("ORDERS", "svc-shipping", "svc-shipping-v1-OrderConfirmed"),
        ("SHIPPING", "svc-orders", "svc-orders-v1-ShipmentDelivered"),
        (
            "SHIPPING",
            "svc-inventory",
            "svc-inventory-v1-ShipmentDispatched",
        ),
    ];
    for workload in workloads() {
        let mut publishes = vec![
            "$JS.API.STREAM.LIST".to_owned(),
            "$JS.API.STREAM.NAMES".to_owned(),
        ];
        let mut hears = vec![">".to_owned(), "*.v1.*".to_owned(), "_INBOX.>".to_owned()];
        hears.extend(["$JS.>", "dead_letters.>", "$JS.EVENT.>"].map(str::to_owned));
        for other in SERVICES {
            let stream = name(other).to_uppercase();
            for verb in [
                "CREATE",
                "UPDATE",
                "DELETE",
                "PURGE",
                "MSG.GET",
                "MSG.DELETE",
            ] {
                publishes.push(format!("$JS.API.STREAM.{verb}.{stream}"));
            }
            publishes.push(format!("$JS.API.DIRECT.GET.{stream}"));
            publishes.push(format!("$JS.API.CONSUMER.CREATE.{stream}"));
            publishes.push(format!(
                "$JS.API.CONSUMER.CREATE.{stream}.mine.{}.v1.Any",
                name(other)
            ));
            publishes.push(format!("$JS.API.CONSUMER.LIST.{stream}"));
            if other != workload {
                publishes.push(format!("$JS.API.STREAM.INFO.{stream}"));
                publishes.push(format!("{}.v1.Any", name(other)));
                publishes.push(format!("dead_letters.{other}.orders.v1.OrderConfirmed"));
                publishes.push(format!("_INBOX.{other}.reply"));
                hears.push(format!("_INBOX.{other}.>"));
                hears.push(format!("{}.v1.*", name(other)));
            }
        }
        for (stream, owner, durable) in durables {
            publishes.push(format!("$JS.API.CONSUMER.DELETE.{stream}.{durable}"));
            publishes.push(format!(
                "$JS.API.CONSUMER.DURABLE.CREATE.{stream}.{durable}"
            ));
            if owner != workload {
                publishes.push(format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"));
                publishes.push(format!("$JS.ACK.{stream}.{durable}.1.1.1.1.0"));
            }
        }
        let mut line = Line::nats(&credentials.nats(workload, &nats.address()));
        for subject in publishes {
            let refused = line.asked(&format!("PUB {subject} 0\r\n\r\nPING\r\n"), "PONG");
            assert!(
                refused.contains("Permissions Violation"),
                "{workload} publishes {subject}"
            );
        }
        for (number, subject) in hears.iter().enumerate() {
            let refused = line.asked(&format!("SUB {subject} {number}\r\nPING\r\n"), "PONG");
            assert!(
                refused.contains("Permissions Violation"),
                "{workload} hears {subject}"
            );
        }
    }
}

#[tokio::test]
async fn a_consumer_is_for_the_subject_that_it_is_allowed_for_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let credentials = Credentials::make(folder.path());
    let nats = nats(folder.path(), &credentials).await;
    let mut line = Line::nats(&credentials.nats("svc-shipping", &nats.address()));
    line.asked("SUB _INBOX.svc-shipping.> 1\r\nPING\r\n", "PONG");
    let subject =
        "$JS.API.CONSUMER.CREATE.ORDERS.svc-shipping-v1-OrderConfirmed.orders.v1.OrderConfirmed";
    for (config, expected) in [
        (
            json!({"filter_subject": "orders.v1.OrderConfirmed"}),
            "\"stream_name\":\"ORDERS\"",
        ),
        (json!({"filter_subject": "orders.>"}), "\"error\""),
        (json!({"filter_subjects": ["orders.>"]}), "\"error\""),
        (
            json!({"filter_subjects": ["orders.v1.OrderConfirmed", "orders.v1.OrderChanged"]}),
            "\"error\"",
        ),
        (json!({}), "\"error\""),
    ] {
        let mut config = config;
        config["durable_name"] = json!("svc-shipping-v1-OrderConfirmed");
        config["ack_policy"] = json!("explicit");
        for stream in ["ORDERS", "USERS"] {
            let request = json!({"stream_name": stream, "config": config}).to_string();
            let expected = if stream == "ORDERS" {
                expected
            } else {
                "\"error\""
            };
            let length = request.len();
            let reply = line.asked(
                &format!("PUB {subject} _INBOX.svc-shipping.reply {length}\r\n{request}\r\n"),
                "\"type\"",
            );
            assert!(reply.contains(expected), "{stream} {config}: {reply}");
        }
    }
}

#[tokio::test]
async fn a_workload_may_not_use_the_keys_of_another_on_redis() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let credentials = Credentials::make(folder.path());
    let redis = Server::redis_of(folder.path(), &credentials).await;
    let key = |workload: &str| match workload {
        "edge" => "edge:limit:address:203.0.113.7".to_owned(),
        service => format!("{service}:a key"),
    };
    let cached: Vec<_> = workloads()
        .filter_map(|workload| Some((workload, credentials.redis(workload, &redis.address())?)))
        .collect();
    assert_eq!(cached.len(), 5, "the edge, and the services that cache");
    for (workload, url) in &cached {
        let mut line = Line::redis(url);
        assert_eq!(
            line.asked(&format!("GET \"{}\"\r\n", key(workload)), "\r\n"),
            "$-1\r\n"
        );
        for (other, _) in cached.iter().filter(|(other, _)| other != workload) {
            let other = key(other);
            for command in [format!("GET \"{other}\""), format!("SET \"{other}\" 1")] {
                let refused = line.asked(&format!("{command}\r\n"), "\r\n");
                assert!(
                    refused.starts_with("-NOPERM"),
                    "{workload}: {command}: {refused}"
                );
            }
        }
        for command in [
            "KEYS *",
            "SCAN 0",
            "FLUSHALL",
            "FLUSHDB",
            "CONFIG GET *",
            "ACL LIST",
            "MONITOR",
            "RANDOMKEY",
            "DBSIZE",
            "CLIENT LIST",
            "EVAL \"return 1\" 0",
            "SUBSCRIBE a",
            "SCRIPT FLUSH",
            "SHUTDOWN",
            "REPLICAOF 127.0.0.1 1",
            "FUNCTION LIST",
        ] {
            let refused = line.asked(&format!("{command}\r\n"), "\r\n");
            assert!(
                refused.starts_with("-NOPERM"),
                "{workload}: {command}: {refused}"
            );
        }
    }
    let stranger = Line::open(&redis.address()).asked("GET a\r\n", "\r\n");
    assert!(stranger.starts_with("-NOAUTH"), "{stranger}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_reaches_its_own_database_alone() {
    let mesh = crate::real().await;
    for service in SERVICES {
        let own = mesh.databases.url(service).expect("it is on a server");
        let mut connection = sqlx::PgConnection::connect(&own).await.expect("its own");
        let rights: (bool, bool, bool) = sqlx::query_as(
            "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user",
        )
        .fetch_one(&mut connection)
        .await
        .expect("a role sees itself");
        assert_eq!(rights, (false, false, false), "{service}");
        for other in SERVICES.into_iter().filter(|other| *other != service) {
            let other = mesh.databases.url(other).expect("it is on a server");
            let (place, _) = own.rsplit_once('/').expect("a database is named");
            let (_, name) = other.rsplit_once('/').expect("a database is named");
            let refused = sqlx::PgConnection::connect(&format!("{place}/{name}")).await;
            let refused = refused
                .err()
                .map(|error| error.to_string())
                .unwrap_or_default();
            assert!(
                refused.contains("permission denied"),
                "{service} {name}: {refused}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_order_to_delivery_nobody_asks_for_more_than_it_may() {
    let setup = Setup::new(Kind::Real)
        .with("EDGE_ADDRESS_LIMIT", "100000/60s")
        .with("EDGE_USER_LIMIT", "100000/60s");
    let mesh = Mesh::start(setup).await;
    let (admin, buyer) = (mesh.admin().await, Customer::register(&mesh).await);
    let sku = shop::product(&admin, 9).await;
    let order = buyer.order(&sku, 1).await.expect(201).text_at("/orderId");
    admin.get(&format!("/v1/products/{sku}")).await.expect(200);
    admin.get(&format!("/v1/stock/{sku}")).await.expect(200);
    buyer.rest.get("/v1/users/me").await.expect(200);
    let shipment = eventually("the order has a shipment", PATIENCE, || {
        shop::shipment_of(&admin, &order)
    })
    .await;
    let id = shipment["shipmentId"]
        .as_str()
        .expect("it has an id")
        .to_owned();
    let carrier = json!({"carrier": "a carrier", "trackingNumber": "1"});
    admin
        .post(&format!("/v1/shipments/{id}:dispatch"), &carrier)
        .await
        .expect(200);
    admin
        .post(&format!("/v1/shipments/{id}:deliver"), &json!({}))
        .await
        .expect(200);
    eventually("the order is delivered", PATIENCE, || async {
        let reply = buyer
            .rest
            .get(&format!("/v1/orders/{order}"))
            .await
            .expect(200);
        (reply.text_at("/state") == "ORDER_STATE_DELIVERED").then_some(())
    })
    .await;
    // A change of an account that svc-auth and, through it, everybody hears of.
    let deactivated = format!("/v1/users/{}:deactivate", buyer.id);
    admin.post(&deactivated, &json!({})).await.expect(200);
    eventually("the session has ended", PATIENCE, || async {
        (buyer.rest.get("/v1/users/me").await.status == 401).then_some(())
    })
    .await;
    mesh.databases.hold(0).await;

    for process in mesh.processes() {
        let log = mesh.log(&process);
        for refusal in [
            "Permissions Violation",
            "NOPERM",
            "NOAUTH",
            "left alone",
            "Redis does not answer",
            "permission denied",
        ] {
            assert!(!log.contains(refusal), "{process}: {refusal}\n{log}");
        }
        // Each cache has begun its epoch there.
        let service = process.rsplit_once('-').map_or("", |(service, _)| service);
        let url = mesh
            .variable(&process, "REDIS_URL")
            .filter(|_| service != "edge");
        if let Some(url) = url {
            let epoch = Line::redis(url).asked(&format!("GET {service}:@epoch\r\n"), "\r\n");
            assert!(
                epoch.starts_with('$') && epoch != "$-1\r\n",
                "{process}: {epoch}"
            );
        }
    }
}

/// A connection that speaks to a server in its own words, as an attacker would.
mod line {
    use std::{
        io::{Read as _, Write as _},
        net::TcpStream,
        time::Duration,
    };

    pub(super) struct Line(TcpStream);

    impl Line {
        pub(super) fn open(address: &str) -> Line {
            let stream = TcpStream::connect(address).expect("the server listens");
            let patience = Some(Duration::from_secs(20));
            stream
                .set_read_timeout(patience)
                .expect("a time that is not zero");
            Line(stream)
        }

        pub(super) fn nats(url: &str) -> Line {
            let (user, password, address) = parts(url);
            let mut line = Line::open(&address);
            let hello = format!(
                "CONNECT {{\"user\":\"{user}\",\"pass\":\"{password}\",\"verbose\":false}}\r\nPING\r\n"
            );
            let answer = line.asked(&hello, "PONG");
            assert!(!answer.contains("-ERR"), "{answer}");
            line
        }

        pub(super) fn redis(url: &str) -> Line {
            let (user, password, address) = parts(url);
            let mut line = Line::open(&address);
            let answer = line.asked(&format!("AUTH {user} {password}\r\n"), "\r\n");
            assert_eq!(answer, "+OK\r\n");
            line
        }

        /// What the server says, up to and with these words.
        pub(super) fn asked(&mut self, words: &str, end: &str) -> String {
            self.0
                .write_all(words.as_bytes())
                .expect("the server reads");
            let mut said = Vec::new();
            loop {
                let text = String::from_utf8_lossy(&said);
                if text.contains(end) && text.ends_with("\r\n") {
                    return text.into_owned();
                }
                let mut chunk = [0; 4096];
                let count = self.0.read(&mut chunk).expect("the server answers in time");
                assert!(count > 0, "the server hung up after {text:?} to {words:?}");
                said.extend_from_slice(&chunk[..count]);
            }
        }
    }

    fn parts(url: &str) -> (String, String, String) {
        let url = url::Url::parse(url).expect("a URL");
        let address = format!(
            "{}:{}",
            url.host_str().expect("a host"),
            url.port().expect("a port")
        );
        let password = url.password().expect("a password").to_owned();
        (url.username().to_owned(), password, address)
    }
}

//! What clients send in confidence, and what processes keep for themselves, does not come out again where
//! operators look: canaries are put wherever a client can put something, and then looked for in all that
//! the processes of a mesh write at DEBUG.

mod flock;
mod panics;
mod places;

use std::collections::BTreeMap;
use std::time::Duration;

use e2e::condition::eventually;
use e2e::mesh::Kind;
use e2e::otlp::Sink;
use e2e::receiver::Receiver;
use e2e::shop::{self, Customer};
use e2e::{Mesh, Rest, Setup, commands, mails};
use serde_json::json;
use url::Url;

use flock::{Flock, Outlet};
use places::{Door, Known};

/// What comes out where, and of what.
type Told = (Outlet, String, String);

const PATIENCE: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(40);

crate::on_both_kinds!(no_secret_comes_out_where_operators_look);

async fn no_secret_comes_out_where_operators_look(kind: Kind) {
    let sink = Sink::start().await;
    let setup = Setup::new(kind).with("OTEL_EXPORTER_OTLP_ENDPOINT", &sink.endpoint);
    let setup = Receiver::allowed(setup)
        .with("OTEL_METRICS_EXPORTER", "otlp")
        .with("OTEL_LOGS_EXPORTER", "otlp")
        .with("RUST_LOG", "debug")
        .with("EDGE_ACCESS_LOG", "json");
    let mut mesh = Mesh::prepare(&setup).await;
    mesh.leaves_events();
    let access_logs = access_logs(&mut mesh);
    if let [_, trusting] = &mesh.replicas("edge")[..] {
        mesh.set_of(trusting, "TRUSTED_PROXIES", "127.0.0.1".to_owned());
    }
    mesh.restart().await;

    let (admin, buyer) = (mesh.admin().await, Customer::register(&mesh).await);
    let sku = shop::product(&admin, 50).await;
    let proofs = places::proofs(&mesh).await;
    let known = Known { admin, buyer, sku };
    let flock = Flock::new();
    for door in doors(&mesh) {
        places::requests(&flock, &door, &known).await;
    }
    places::calls(&flock, &mesh).await;
    let poison = places::events(&flock, &mesh).await;
    eventually("the poison is in the dead letters", PATIENCE, || async {
        let listed = mesh.dead_letters(&["list"]).await;
        poison.iter().all(|id| listed.contains(id)).then_some(())
    })
    .await;

    let mut kept = proofs;
    kept.push((
        "the token of a link".to_owned(),
        link(&mesh, &known.buyer).await,
    ));
    let proof = ("the proof of an address".to_owned(), proof(&mesh).await);
    kept.push(proof);
    kept.extend(signed(&flock, &known.admin).await);
    let mut told = told_while_it_runs(&mesh).await;
    stop(&mut mesh).await;
    told.extend(mesh.processes().into_iter().map(|process| {
        let log = mesh.log(&process);
        assert!(log.contains("\"level\":\"DEBUG\""), "{process} says all");
        (Outlet::Log, process, log)
    }));
    told.extend(access_logs.into_iter().map(|file| {
        let lines = std::fs::read_to_string(&file);
        (
            Outlet::AccessLog,
            file,
            lines.expect("there is an access log"),
        )
    }));
    told.push((Outlet::Telemetry, "OTLP".to_owned(), sink.everything()));
    let wrong = wrong(flock, &told);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let mut secrets = secrets(&mesh, &known.buyer);
    secrets.extend(kept.iter().cloned());
    for (what, secret) in secrets {
        let found = told.iter().find(|(.., text)| text.contains(&secret));
        let found = found.map(|(outlet, of, _)| (outlet, of));
        assert_eq!(found, None, "{what}");
    }
    // Neither rows, outboxes, streams, dead letters nor files keep them.
    let texts: Vec<_> = kept.iter().map(|(_, secret)| secret.as_str()).collect();
    let places = mails::places(&mesh, &texts).await;
    assert!(places.is_empty(), "one of {kept:?} is in {places:?}");
}

/// Of two edges, the second one believes whoever says that a trace is not recorded.
fn doors(mesh: &Mesh) -> Vec<Door> {
    let trace = uuid::Uuid::now_v7().simple();
    let unrecorded = format!("00-{trace}-00f067aa0ba902b7-00");
    let unrecorded = mesh.rest().with_header("traceparent", &unrecorded);
    let first = Door {
        rest: mesh.rest(),
        paths: &[Outlet::AccessLog, Outlet::Telemetry],
    };
    let second = mesh.edges.get(1).map(|edge| Door {
        rest: unrecorded.at(edge),
        paths: &[Outlet::AccessLog],
    });
    std::iter::once(first).chain(second).collect()
}

/// What commands print, and metrics.
async fn told_while_it_runs(mesh: &Mesh) -> Vec<Told> {
    let letters = mesh.dead_letters(&["list"]).await;
    let mut told = vec![(Outlet::Commands, "dead-letters".to_owned(), letters)];
    for words in [&["ledger"][..], &["reconcile", "--json"]] {
        let (said, _) = commands::said(mesh, words).await;
        told.push((Outlet::Commands, words.join(" "), said));
    }
    for (process, ops) in &mesh.ops {
        let reply = reqwest::get(format!("{ops}/metrics")).await;
        let metrics = reply.expect("the ops port answers").text().await;
        let metrics = metrics.expect("metrics are text");
        told.push((Outlet::Metrics, process.clone(), metrics));
    }
    told
}

/// The token of a link that is mailed to the buyer, who tries it with a password that is not taken.
async fn link(mesh: &Mesh, buyer: &Customer) -> String {
    let forgotten = json!({"email": buyer.email});
    let path = "/v1/auth/password:requestReset";
    mesh.rest().post(path, &forgotten).await.expect(200);
    let token = mails::token(mesh, &buyer.id, "PASSWORD_RESET", 1).await;
    let reset = json!({"token": token, "newPassword": "password"});
    let reset = mesh.rest().post("/v1/auth/password:reset", &reset).await;
    reset.refused(400, "INVALID_FIELD");
    token
}

/// The token that proves an address, with which somebody has proved it.
async fn proof(mesh: &Mesh) -> String {
    let buyer = Customer::register(mesh).await;
    let change = json!({"newEmail": format!("new-{}", buyer.email), "password": shop::PASSWORD});
    let path = "/v1/auth/email:change";
    buyer.rest.post(path, &change).await.expect(200);
    let token = mails::token(mesh, &buyer.id, "EMAIL_VERIFICATION", 1).await;
    let proof = json!({"token": token});
    let path = "/v1/auth/email:verify";
    mesh.rest().post(path, &proof).await.expect(200);
    token
}

/// The secrets of a webhook, both of which have signed what came; its URL has a canary.
async fn signed(flock: &Flock, admin: &Rest) -> Vec<(String, String)> {
    let receiver = Receiver::start();
    let key = flock.secret(flock::Kind::Link, "the URL of a webhook");
    let url = format!("{}?key={key}", receiver.url);
    let webhook = json!({"url": url, "eventTypes": ["notify.v1.*"]});
    let made = admin.post("/v1/webhooks", &webhook).await.expect(201);
    let path = format!("/v1/webhooks/{}", made.text_at("/webhook/webhookId"));
    let rotate = format!("{path}:rotateSecret");
    let rotated = admin.post(&rotate, &json!({})).await.expect(200);
    let test = format!("{path}:test");
    admin.post(&test, &json!({})).await.expect(200);
    eventually("a test has come", PATIENCE, || async {
        (receiver.told().len() == 1).then_some(())
    })
    .await;
    let secrets = [made.text_at("/secret"), rotated.text_at("/secret")];
    let secret = |secret: String| ("the secret of a webhook".to_owned(), bare(&secret));
    secrets.map(secret).into()
}

/// A secret as it is used, without the prefix by which people know it.
fn bare(secret: &str) -> String {
    secret.strip_prefix("whsec_").unwrap_or(secret).to_owned()
}

/// Canaries that are found and should not be, and the other way round.
fn wrong(flock: Flock, told: &[Told]) -> Vec<String> {
    let mut found = BTreeMap::new();
    for (outlet, of, text) in told {
        let here = flock.found_in(text).into_iter();
        found.extend(here.map(|number| ((number, *outlet), of)));
    }
    let mut wrong = Vec::new();
    for (number, canary) in flock.all().into_iter().enumerate() {
        for outlet in Outlet::ALL {
            let name = &canary.name;
            let found = found.get(&(number, outlet));
            match (found, canary.is_told_in.contains(&outlet)) {
                (Some(of), false) => wrong.push(format!("{name} is told in {outlet:?} of {of}")),
                (None, true) => wrong.push(format!("{name} is not found in {outlet:?}")),
                _ => {}
            }
        }
    }
    wrong
}

/// Has each edge write one; their files.
fn access_logs(mesh: &mut Mesh) -> Vec<String> {
    let edges = [mesh.replicas("edge"), mesh.replicas("tradewind")].concat();
    let file = |edge: &String| mesh.folder().join(format!("{edge}.access"));
    let files = edges.iter().map(|edge| file(edge).display().to_string());
    let files: Vec<_> = files.collect();
    for (edge, file) in edges.iter().zip(&files) {
        mesh.set_of(edge, "EDGE_ACCESS_LOG_FILE", file.clone());
    }
    files
}

/// Stops all processes: what they had to tell is told then.
async fn stop(mesh: &mut Mesh) {
    let processes = mesh.processes();
    for process in &processes {
        mesh.process(process).terminate();
    }
    for process in &processes {
        mesh.process(process).end(STOP).await;
    }
}

/// Those that the mesh was given or gave itself.
fn secrets(mesh: &Mesh, buyer: &Customer) -> Vec<(String, String)> {
    let mut secrets = vec![
        ("a token".to_owned(), "eyJhbGciOi".to_owned()),
        ("a refresh token".to_owned(), buyer.refresh_token.clone()),
        ("an e-mail address".to_owned(), buyer.email.clone()),
        ("a password".to_owned(), shop::PASSWORD.to_owned()),
    ];
    for process in mesh.processes() {
        for (name, value) in mesh.variables(&process) {
            let login = Url::parse(&value).ok();
            let password = login.and_then(|url| url.password().map(str::to_owned));
            let is_secret = name.ends_with("_KEY") || name.ends_with("_PASSWORD");
            let secret = password.or_else(|| is_secret.then_some(value));
            secrets.extend(secret.map(|secret| (format!("{name} of {process}"), secret)));
        }
    }
    secrets
}

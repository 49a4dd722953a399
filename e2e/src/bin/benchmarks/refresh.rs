//! Refreshing sessions, through the edge, on Postgres.

use std::time::Duration;

use e2e::{Mesh, shop::Customer};
use serde_json::{Value, json};

use crate::{
    load::{self, Client, Pace},
    median,
    orders::postmaster,
    report::{Section, verdict},
    tell,
    usage::Costs,
};

const CONNECTIONS: usize = 32;
const ROUNDS: usize = 3;
const LENGTH: Duration = Duration::from_secs(5);
const AIM: f64 = 3000.0;

pub(crate) async fn measure(mesh: &Mesh) -> Section {
    let postmaster = postmaster().await;
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(client(Customer::register(mesh).await.refresh_token));
    }
    let edge = mesh.edges[0].trim_start_matches("http://");
    let (mut rates, mut p50, mut p99) = (Vec::new(), Vec::new(), Vec::new());
    let mut costs = Vec::new();
    load::run(edge, &mut clients, Pace::Closed, Duration::from_secs(1)).checked("refreshes");
    for round in 1..=ROUNDS {
        tell(&format!("refreshes, round {round} of {ROUNDS}"));
        let before = Costs::now(postmaster);
        let outcome = load::run(edge, &mut clients, Pace::Closed, LENGTH).checked("refreshes");
        costs.push(before.per(outcome.answers));
        rates.push(outcome.rate());
        p50.push(outcome.percentile(0.5));
        p99.push(outcome.percentile(0.99));
    }
    let costs = Costs::medians(&costs);
    let of = |name: &str| costs.iter().find(|(found, _)| found == name);
    let auth = 1e6 / of("svc-auth").map_or(f64::NAN, |(_, micros)| *micros);
    let all: f64 = costs.iter().map(|(_, micros)| micros).sum();

    let mut section = Section::new("Refreshing a session");
    section.say(&format!(
        "`POST /v1/auth/refresh` from {CONNECTIONS} connections, each with a session of its own, \
         through the edge to svc-auth, which asks svc-users for the account's state and roles and \
         writes the next generation to Postgres (durably). All processes share the same cores."
    ));
    let latency = format!("{:.1} / {:.1} ms", median(p50), median(p99));
    let row = |what: &str, measured: String| vec![what.to_owned(), measured, String::new()];
    let mut rows = [
        row(
            "a core of svc-auth, by its CPU time",
            format!("{auth:.0}/s"),
        ),
        row(
            "a core of everything, database and load included",
            format!("{:.0}/s", 1e6 / all),
        ),
        row("the whole machine", format!("{:.0}/s", median(rates))),
        row("p50 / p99, closed loop", latency),
    ];
    rows[0][2] = format!("{AIM:.0}/s: {}", verdict(auth >= AIM));
    section.table(&["", "refreshes", "aim"], &rows);
    section.say(&format!("CPU time per refresh: {}.", Costs::list(&costs)));
    section
}

fn client(mut token: String) -> Client {
    Box::new(move |last, request| {
        if let Ok(reply) = serde_json::from_slice::<Value>(last)
            && let Some(next) = reply["refreshToken"].as_str()
        {
            next.clone_into(&mut token);
        }
        let body = json!({"refreshToken": token}).to_string();
        let (path, kind) = ("/v1/auth/refresh", "application/json");
        request.extend(load::request("POST", path, "", body.as_bytes(), kind));
    })
}

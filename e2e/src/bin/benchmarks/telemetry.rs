//! What it costs to be measured and traced.

use std::time::Duration;

use e2e::{Mesh, otlp::Sink, servers::variable};

use crate::{
    load::Pace,
    median,
    mixed::{both, own, started},
    orders::{Shop, postmaster, settled},
    report::{Section, verdict},
    tell,
    usage::Costs,
};

/// Connections that order, and that look at lists.
const CONNECTIONS: [usize; 2] = [2, 30];
const ROUNDS: usize = 5;
/// As long as Prometheus waits between two scrapes.
const LENGTH: Duration = Duration::from_secs(15);
const WARM_UP: Duration = Duration::from_secs(3);
const AIM: f64 = 5.0;

pub(crate) async fn measure() -> Section {
    let (server, postmaster) = (variable("TEST_DATABASE_URL"), postmaster().await);
    let collector = Sink::start().await;
    let sampled = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint.as_str()),
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.01"),
    ];
    let all = [sampled[0]];
    let mut variants = Vec::new();
    for (name, settings) in [
        ("nothing", &[("OTEL_SDK_DISABLED", "true")][..]),
        ("metrics, and 1 % of traces", &sampled[..]),
        ("metrics, and all traces", &all[..]),
    ] {
        let (mesh, shop) = started(name, settings, CONNECTIONS, WARM_UP).await;
        variants.push(Variant {
            name,
            shop,
            rates: Vec::new(),
            costs: Vec::new(),
            mesh,
        });
    }
    for round in 1..=ROUNDS {
        for variant in &mut variants {
            tell(&format!("{}, round {round} of {ROUNDS}", variant.name));
            // What the others have left over.
            settled(&server).await;
            let before = Costs::now(postmaster);
            scrape(&variant.mesh).await;
            let answered = both(&variant.shop, CONNECTIONS, [Pace::Closed; 2], LENGTH);
            variant.costs.push(own(&before.per(answered.answers())));
            variant.rates.push(answered.goodput());
        }
    }
    section(&variants)
}

struct Variant {
    name: &'static str,
    shop: Shop,
    /// Answers per second.
    rates: Vec<f64>,
    /// CPU time of our own processes per answer, in microseconds.
    costs: Vec<f64>,
    mesh: Mesh,
}

/// All processes, once, as Prometheus does.
async fn scrape(mesh: &Mesh) {
    for ops in mesh.ops.values() {
        let scraped = reqwest::get(format!("{ops}/metrics")).await;
        scraped.expect("the ops port answers").text().await.ok();
    }
}

fn section(variants: &[Variant]) -> Section {
    let mut section = Section::new("Telemetry");
    section.say(&format!(
        "Orders from {} connections and lists of one's own orders from {}, in closed loops, through the edge to \
         separate processes on Postgres, NATS and Redis; `/metrics` of each is read every {} seconds, and spans go to a \
         collector in the process that makes the load. In turns, {ROUNDS} times each: with `OTEL_SDK_DISABLED=true`, \
         with `OTEL_TRACES_SAMPLER=parentbased_traceidratio` at 1 %, and with all traces. Logs are the same in all of them.",
        CONNECTIONS[0],
        CONNECTIONS[1],
        LENGTH.as_secs()
    ));
    let nothing = median(variants[0].costs.clone());
    let more = |variant: &Variant| (median(variant.costs.clone()) / nothing - 1.0) * 100.0;
    let rows = variants.iter().map(|variant| {
        vec![
            variant.name.to_owned(),
            format!("{:.0}", median(variant.rates.clone())),
            format!("{:.0} us", median(variant.costs.clone())),
            format!("{:+.1} %", more(variant)),
        ]
    });
    let head = [
        "measured",
        "answers/s",
        "CPU time of the edge and all services per answer",
        "",
    ];
    section.table(&head, &rows.collect::<Vec<_>>());
    section.say(&format!(
        "Metrics, and 1 % of traces: {:+.1} % (aim: at most {AIM:.0} %, {}).",
        more(&variants[1]),
        verdict(more(&variants[1]) <= AIM)
    ));
    section
}
